using System.Net;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>
/// One authenticated tunnel and what the hub knows of it. Hands the tunnel's callbacks to the registry and the forwarder.
/// </summary>
internal sealed class EdgeTunnel : IHubTunnelHandler
{
    private readonly LiveEdges _registry;
    private readonly ITunnelForwarder _forwarder;
    private volatile AssignedPorts _ports;

    public EdgeTunnel(
        LiveEdges registry, ITunnelForwarder forwarder, AllowedEdge edge, Guid secretId, IPEndPoint remote, TunnelConfig config,
        DateTimeOffset since)
    {
        _registry = registry;
        _forwarder = forwarder;
        _ports = AssignedPorts.Of(edge);
        Edge = edge;
        SecretId = secretId;
        Remote = remote;
        Config = config;
        Since = since;
    }

    /// <summary>The edge as it was when the tunnel was last told.</summary>
    public AllowedEdge Edge { get; private set; }

    public string EdgeId => Edge.Id;

    /// <summary>Which of the edge's secrets let it in.</summary>
    public Guid SecretId { get; }

    public IPEndPoint Remote { get; }

    public DateTimeOffset Since { get; }

    public string TunnelId => Config.Hub!.TunnelId;

    /// <summary>The configuration that it was last sent; changed under the registry's lock.</summary>
    public TunnelConfig Config { get; private set; }

    /// <summary>Which blocks its first configuration has.</summary>
    public long BlocksVersion { get; init; }

    /// <summary>Null until <see cref="LiveEdges.Begin"/>.</summary>
    public ITunnel? Tunnel { get; set; }

    /// <summary>Who it is; <see cref="TunnelIdentity.Unknown"/> before HELLO and for a base peer.</summary>
    public TunnelIdentity Identity => Hello is { } hello ? TunnelIdentity.Of(hello) : TunnelIdentity.Unknown;

    public Hello? Hello { get; private set; }

    /// <summary>Its public address as it says, IPv4 where there is one; null when it does not know.</summary>
    public string? PublicIp { get; private set; }

    /// <summary>Its public IPv6 address as it says; null when it does not know.</summary>
    public string? PublicIpv6 { get; private set; }

    /// <summary>What it last said of its ports; null before.</summary>
    public Report? PortReport { get; private set; }

    /// <summary>
    /// When the last configuration was pushed, as a timestamp of the clock; 0 when it was applied, or none was. A field, since
    /// <see cref="ConfigPushes"/> exchanges it from several threads.
    /// </summary>
    public long PushedAt;

    /// <summary>What it last said of its firewall; null when it never did.</summary>
    public FirewallReport? FirewallReport { get; private set; }

    /// <summary>New streams go elsewhere; changed under the registry's lock.</summary>
    public bool IsDraining { get; set; }

    /// <summary>It is being ended since the edge has too many; changed under the registry's lock.</summary>
    public bool IsCrowdedOut { get; set; }

    /// <summary>The tunnels of its edge, itself among them; null until <see cref="LiveEdges.Begin"/>.</summary>
    public EdgeSlot? Slot { get; set; }

    /// <summary>Streams open at present, of all tunnels of the edge.</summary>
    public int StreamsOfEdge => Slot?.ActiveStreams ?? Tunnel!.ActiveStreams;

    /// <summary>UDP sessions open at present, of all tunnels of the edge.</summary>
    public int SessionsOfEdge => Slot?.ActiveSessions ?? Tunnel!.ActiveSessions;

    /// <summary>The place among its rivals is settled or being settled; changed under the registry's lock.</summary>
    public bool IsElected { get; set; }

    /// <summary>It may turn out to be a lane before; then nobody is to hear of it. Changed under the registry's lock.</summary>
    public bool IsAnnounced { get; set; }

    /// <summary>The tunnel that it is a lane of. Set by the read loop, with HELLO; nothing comes before.</summary>
    public EdgeTunnel? JoinedTo { get; set; }

    /// <summary>The policy of one of its ports, or null when it has no business with it.</summary>
    public PortPolicy? FindPort(bool udp, int port, DateTimeOffset now) => _ports.Find(udp, port, now);

    /// <summary>Takes over a changed edge.</summary>
    public void ChangeTo(AllowedEdge edge, TunnelConfig config, DateTimeOffset now, TimeSpan drain)
    {
        _ports = _ports.ChangeTo(edge, now, now + drain);
        Edge = edge;
        Config = config;
    }

    /// <summary>
    /// Tells an edge that was told to wait that this tunnel of it counts. Under the registry's lock, once the tunnel is started.
    /// </summary>
    public void Settle()
    {
        if (Config.Hub is not { Contested: true } hub)
            return;
        Config = Config with { Hub = hub with { Rev = hub.Rev + 1, Contested = false } };
        Tunnel!.SendConfig(Config);
    }

    /// <summary>Sends the edge another secret, once: it is in no later configuration. Under the registry's lock.</summary>
    /// <returns>The revision that its answer names.</returns>
    public long SendSecret(string secret)
    {
        var hub = Config.Hub! with { Rev = Config.Hub!.Rev + 1 };
        Config = Config with { Hub = hub };
        Tunnel!.SendConfig(Config with { Hub = hub with { Secret = secret } });
        return hub.Rev;
    }

    void ITunnelHandler.OnGoAway(ITunnel tunnel, GoAway goAway)
    {
        // On a further lane it means nothing; so does a report.
        if (JoinedTo is null)
            _registry.OnGoAway(this);
    }

    void IHubTunnelHandler.OnHello(ITunnel tunnel, Hello hello)
    {
        Hello = hello;
        if (hello.Lane is { } lane)
        {
            _registry.OnLane(this, lane);
            return;
        }

        NotePublicAddress(hello.PublicIp, hello.PublicIpv6);
        _registry.OnIdentified(this);
    }

    void IHubTunnelHandler.OnReport(ITunnel tunnel, Report report)
    {
        if (JoinedTo is not null)
            return;
        switch (report.Kind)
        {
            case Report.ConfigApplied:
                PortReport = report;
                _registry.OnPortReport(this, report);
                break;
            case Report.Firewall when report.FirewallState is { } firewall:
                FirewallReport = firewall with { Drift = firewall.Drift ?? FirewallReport?.Drift };
                _registry.OnFirewallReport(this, report.Rev, firewall);
                break;
            case Report.PublicAddress:
                NotePublicAddress(report.PublicIp, report.PublicIpv6);
                break;
            case Report.Kept when report.KeptRenewals is { } kept:
                _registry.OnKept(this, report.Rev, kept);
                break;
            case Report.Blocked when report.BlockedClients is { } blocked:
                _forwarder.OnBlocked(this, blocked);
                break;
        }
    }

    void IHubTunnelHandler.OnStreamOpened(ITunnel tunnel, ITunnelStream stream, in StreamOpening opening)
    {
        ElectBasePeer();
        _forwarder.OnStreamOpened(JoinedTo ?? this, stream, opening);
    }

    IDatagramSink? IHubTunnelHandler.OnSessionOpened(ITunnel tunnel, ITunnelSession session, in StreamOpening opening)
    {
        ElectBasePeer();
        return _forwarder.OnSessionOpened(JoinedTo ?? this, session, opening);
    }

    // What is no address is not kept: it would be the peer's text on an operator's terminal.
    private void NotePublicAddress(string? address, string? ipv6)
    {
        var before = PublicIp;
        PublicIp = HostSyntax.TryParseAddress(address, out var parsed) ? parsed.ToString() : null;
        PublicIpv6 = HostSyntax.TryParseAddress(ipv6, out parsed) ? parsed.ToString() : null;
        if (PublicIp is { } found && found != before)
            _registry.OnPublicAddress(this, found);
    }

    // HELLO would have come first: a peer that opens something without it is a base peer.
    private void ElectBasePeer()
    {
        if (Hello is null && !IsElected)
            _registry.OnIdentified(this);
    }
}
