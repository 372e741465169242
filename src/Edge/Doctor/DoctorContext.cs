using System.Collections.Immutable;
using System.Net;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Connecting;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Proxies;

namespace Tunnel.Edge.Doctor;

/// <summary>The settings to be checked of the edge with one hub, and what earlier checks have found for later ones.</summary>
internal sealed class DoctorContext
{
    /// <param name="options">The settings, with the hub that is looked at.</param>
    public DoctorContext(TunnelEdgeOptions options) => (Options, Secrets, Hubs) = (options, [options.Secret], [this]);

    public TunnelEdgeOptions Options { get; }

    /// <summary>The secrets that this hub may know, in the order in which the edge tries them.</summary>
    public ImmutableArray<string> Secrets { get; init; }

    /// <summary>The edge with each of its hubs; this alone where it has one.</summary>
    public ImmutableArray<DoctorContext> Hubs { get; init; }

    /// <summary>The way through a proxy; null when the hub is reached straight.</summary>
    public ProxyHop? Proxy => Options.Proxy.HopTo(Options.HubHost, Options.HubPort);

    /// <summary>The host that this machine itself connects to: the hub, or the proxy on the way.</summary>
    public string NextHost => Proxy?.Server.Host ?? Options.HubHost;

    /// <summary>The port there.</summary>
    public int NextPort => Proxy?.Server.Port ?? Options.HubPort;

    /// <summary>The addresses of <see cref="NextHost"/>; empty until its name was resolved.</summary>
    public ImmutableArray<IPAddress> Addresses { get; set; } = [];

    /// <summary>The address at which a TCP connection could be made; null before that.</summary>
    public IPEndPoint? Reached { get; set; }

    /// <summary>When the hub's certificate is valid, in UTC; null until it was seen.</summary>
    public (DateTime From, DateTime To)? CertificateValidity { get; set; }

    /// <summary>The configuration that the hub answered to the login; null before that.</summary>
    public TunnelConfig? Config { get; set; }

    /// <summary>The configuration that counts among those of all hubs: that of the newest state, the first of equal ones.</summary>
    public TunnelConfig? ConfigInForce =>
        Hubs.Select(static hub => hub.Config).OfType<TunnelConfig>().MaxBy(static config => config.Hub?.State ?? -1);

    /// <summary>
    /// Returns a result as it counts for the whole edge: what keeps it from one of its hubs is a warning where another one takes it.
    /// </summary>
    public CheckResult Judge(CheckResult result) =>
        result is { Status: CheckStatus.Failed, Subject: not null } && ConfigInForce is not null
            ? result with { Status = CheckStatus.Warning }
            : result;

    /// <summary>Returns how bad it is that a transport does not get through: the mode may allow another one, or not use this one.</summary>
    public CheckStatus Severity(TransportKind kind) => (Options.Transport, kind) switch
    {
        (TransportMode.TcpTls, TransportKind.Quic) or (TransportMode.Quic, TransportKind.TcpTls) => CheckStatus.Warning,
        (TransportMode.QuicWithFallback, TransportKind.Quic) => CheckStatus.Warning,
        _ => CheckStatus.Failed,
    };

    /// <summary>Creates a request for a dial that makes no tunnel.</summary>
    public DialRequest Request(IPEndPoint address) => ProbeRequest.To(address, Options, Options.Pins);
}
