using System.Collections.Immutable;
using System.Net;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Connecting;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Doctor;

/// <summary>What is to be checked, and what earlier checks found for later ones.</summary>
internal sealed class DoctorContext(TunnelEdgeOptions options)
{
    public TunnelEdgeOptions Options => options;

    /// <summary>The hub's addresses; empty until its name was resolved.</summary>
    public ImmutableArray<IPAddress> Addresses { get; set; } = [];

    /// <summary>Where a TCP connection could be made.</summary>
    public IPEndPoint? Reached { get; set; }

    /// <summary>When the hub's certificate is valid.</summary>
    public (DateTime From, DateTime To)? CertificateValidity { get; set; }

    /// <summary>What the hub answered to the login.</summary>
    public TunnelConfig? Config { get; set; }

    /// <summary>How bad it is that a transport does not get through: the mode may have another, or not want it.</summary>
    public CheckStatus Severity(TransportKind kind) => (options.Transport, kind) switch
    {
        (TransportMode.TcpTls, TransportKind.Quic) or (TransportMode.Quic, TransportKind.TcpTls) => CheckStatus.Warning,
        (TransportMode.QuicWithFallback, TransportKind.Quic) => CheckStatus.Warning,
        _ => CheckStatus.Failed,
    };

    /// <summary>A dial that makes no tunnel.</summary>
    public DialRequest Request(IPEndPoint address) => ProbeRequest.To(address, options, options.Pins);
}
