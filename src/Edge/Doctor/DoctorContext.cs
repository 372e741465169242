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

/// <summary>What is to be checked, and what earlier checks have found for later ones.</summary>
internal sealed class DoctorContext(TunnelEdgeOptions options)
{
    public TunnelEdgeOptions Options => options;

    /// <summary>The way through a proxy; null when the hub is reached straight.</summary>
    public ProxyHop? Proxy => options.Proxy.HopTo(options.HubHost, options.HubPort);

    /// <summary>The host that this machine itself connects to: the hub, or the proxy on the way.</summary>
    public string NextHost => Proxy?.Server.Host ?? options.HubHost;

    /// <summary>The port there.</summary>
    public int NextPort => Proxy?.Server.Port ?? options.HubPort;

    /// <summary>The addresses of <see cref="NextHost"/>; empty until its name was resolved.</summary>
    public ImmutableArray<IPAddress> Addresses { get; set; } = [];

    /// <summary>The address at which a TCP connection could be made; null before that.</summary>
    public IPEndPoint? Reached { get; set; }

    /// <summary>When the hub's certificate is valid, in UTC; null until it was seen.</summary>
    public (DateTime From, DateTime To)? CertificateValidity { get; set; }

    /// <summary>The configuration that the hub answered to the login; null before that.</summary>
    public TunnelConfig? Config { get; set; }

    /// <summary>Returns how bad it is that a transport does not get through: the mode may allow another one, or not use this one.</summary>
    public CheckStatus Severity(TransportKind kind) => (options.Transport, kind) switch
    {
        (TransportMode.TcpTls, TransportKind.Quic) or (TransportMode.Quic, TransportKind.TcpTls) => CheckStatus.Warning,
        (TransportMode.QuicWithFallback, TransportKind.Quic) => CheckStatus.Warning,
        _ => CheckStatus.Failed,
    };

    /// <summary>Creates a request for a dial that makes no tunnel.</summary>
    public DialRequest Request(IPEndPoint address) => ProbeRequest.To(address, options, options.Pins);
}
