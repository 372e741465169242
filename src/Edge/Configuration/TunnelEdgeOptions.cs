using System.Collections.Immutable;
using System.Net;
using System.Text;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Proxies;

namespace Tunnel.Edge.Configuration;

/// <summary>The options of a <see cref="TunnelEdge"/>; <see cref="TunnelEdge.ChangeOptions"/> says which can change later.</summary>
public sealed record TunnelEdgeOptions
{
    /// <summary>The hub's host name or address.</summary>
    public required string HubHost { get; init; }

    /// <summary>The hub's tunnel port, 1–65535; 8443 by default.</summary>
    public int HubPort { get; init; } = 8443;

    /// <summary>This edge's id: 1–64 of <c>[A-Za-z0-9._-]</c>.</summary>
    public required string EdgeId { get; init; }

    /// <summary>This edge's secret: 1–256 printable ASCII characters without spaces. Never logged.</summary>
    public required string Secret { get; init; }

    /// <summary>
    /// Pins of the hub's certificate (<see cref="CertificatePin"/>), one of which must match. When empty, the system's trust store and the
    /// host name decide.
    /// </summary>
    public ImmutableArray<string> Pins { get; init; } = [];

    /// <summary>
    /// Further hubs, in the order of preference, at most <see cref="HubAddress.MaxFurther"/>: the edge keeps a tunnel to each, and all know
    /// this edge by the same secret.
    /// </summary>
    public ImmutableArray<HubAddress> Hubs { get; init; } = [];

    /// <summary>Which of the hubs gets a new client, of those that answer.</summary>
    public HubPreference Prefer { get; init; } = HubPreference.Load;

    /// <summary>Accepts any certificate of the hub. Whoever answers then gets the secret, so this is for tests only.</summary>
    public bool InsecureSkipVerify { get; init; }

    /// <summary>How the hub is reached. QUIC needs libmsquic on the machine.</summary>
    public TransportMode Transport { get; init; } = TransportMode.TcpTls;

    /// <summary>
    /// True: the hub dials this edge, which listens for it at <see cref="HubPort"/> of <see cref="BindAddress"/>, over TLS only. The port
    /// is protected like <see cref="ProtectedPorts"/>.
    /// </summary>
    public bool HubDials { get; init; }

    /// <summary>Where the hub dials: who may connect to the port at all; null: anybody.</summary>
    public CidrSet? DialAllowCidrs { get; init; }

    /// <summary>
    /// Which proxy the hub is reached through; none by default. Only TLS goes through a proxy, so <see cref="TransportMode.Quic"/> is
    /// refused then.
    /// </summary>
    public ProxyRules Proxy { get; init; } = ProxyRules.None;

    /// <summary>
    /// How many TLS connections one tunnel may have, 1–8; 2 by default. Connections beyond the first are opened only with a hub that allows
    /// it, and when streams move bulk, so that new streams need not wait behind them.
    /// </summary>
    public int Lanes { get; init; } = 2;

    /// <summary>
    /// The congestion control of tunnels: a name that the kernel knows, or <c>system</c> for the kernel's own choice. Over QUIC, <c>bbr</c>
    /// means BBR and everything else CUBIC.
    /// </summary>
    public string CongestionControl { get; init; } = Shared.Transport.CongestionControl.Default;

    /// <summary>
    /// Takes the edge's id, at the first connect, from another process that is connected with it: that process keeps its clients until they
    /// end, and new clients come to this one. Needs a hub that supports it; with other hubs, or when false, this process waits until the
    /// other has ended.
    /// </summary>
    public bool TakeOver { get; init; }

    /// <summary>Where public ports are bound; <c>::</c> means IPv4 and IPv6.</summary>
    public IPAddress BindAddress { get; init; } = IPAddress.IPv6Any;

    /// <summary>Ports that may be bound; null allows all but <see cref="ProtectedPorts"/>.</summary>
    public ImmutableArray<int>? AllowPorts { get; init; }

    /// <summary>Ports that are never bound, and never blocked by the packet filter, whatever the hub says.</summary>
    public ImmutableArray<int> ProtectedPorts { get; init; } = [22];

    /// <summary>The limit on what the hub may do to this machine's packet filter.</summary>
    public FirewallMode Firewall { get; init; } = FirewallMode.Full;

    /// <summary>Where state such as announced pins is kept; null forgets it with the process.</summary>
    public string? StateDirectory { get; init; }

    /// <summary>How long connections of a removed port, or of a replaced tunnel, may go on; 30 s by default.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How many new TCP clients may wait while there is no tunnel to a hub, 0–65,536; 1,024 by default. With 0 they are reset at once.
    /// </summary>
    public int HoldClients { get; init; } = 1024;

    /// <summary>How long a new client may wait for a tunnel before it is reset; 5 s by default.</summary>
    public TimeSpan HoldTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long what is open outlives a lost connection of the tunnel, 0–3,600 s, in whole seconds; 60 s by default. The hub's setting
    /// counts where it is smaller; with 0 all ends with the connection.
    /// </summary>
    public TimeSpan ResumeGrace { get; init; } = Shared.Transport.TransportContext.DefaultResumeGrace;

    /// <summary>
    /// How many UDP sessions may be open at once. Beyond that, sessions of one unanswered datagram give way first, then the one that was
    /// idle longest. At least 1.
    /// </summary>
    public int MaxUdpSessions { get; init; } = 65536;

    /// <summary>How many UDP sessions one IPv4 address or IPv6 /64 may have; beyond that, its own oldest gives way. At least 1.</summary>
    public int MaxUdpSessionsPerAddress { get; init; } = 16384;

    /// <summary>A UDP session ends when nothing has moved for this long; 60 s by default.</summary>
    public TimeSpan UdpIdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// STUN servers (RFC 8489, UDP) that are asked for this machine's public address as often as the hub says. None by default here, since
    /// whoever runs such a server learns this machine's address; the program <c>tunnel-edge</c> has a default. Without an answer, the
    /// address that the hub saw is used, if it is public.
    /// </summary>
    public ImmutableArray<DnsEndPoint> StunServers { get; init; } = [];

    /// <summary>The windows and the memory of the tunnels.</summary>
    public FlowControlOptions FlowControl { get; init; } = new();

    /// <summary>Creates options for the hub that a connection token names.</summary>
    public static TunnelEdgeOptions FromToken(ConnectionToken token) => new()
    {
        HubHost = token.Host,
        HubPort = token.Port,
        EdgeId = token.EdgeId,
        Secret = token.Secret,
        Pins = token.Pins.IsDefault ? [] : token.Pins,
        Transport = token.Transport ?? TransportMode.TcpTls,
        HubDials = token.HubDials,
        Hubs = token.FurtherHubs,
    };

    /// <summary>These options for each of the hubs: the first, then those of <see cref="Hubs"/>.</summary>
    internal IEnumerable<TunnelEdgeOptions> ForEachHub() =>
    [
        this,
        .. Hubs.Select(hub => this with { HubHost = hub.Host, HubPort = hub.Port, Pins = hub.Pins.IsDefaultOrEmpty ? Pins : hub.Pins }),
    ];

    // The text form of the record, which leaves out the secret.
    private bool PrintMembers(StringBuilder text)
    {
        text.Append($"Hub = {HubHost}:{HubPort}, EdgeId = {EdgeId}, Secret = ***, Pins = {Pins.Length}, BindAddress = {BindAddress}");
        return true;
    }
}
