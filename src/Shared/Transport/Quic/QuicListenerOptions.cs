using System.Net;
using System.Security.Cryptography.X509Certificates;
using Tunnel.Shared.Transport.Quic.Connections;

namespace Tunnel.Shared.Transport.Quic;

/// <summary>The parameters of a <see cref="QuicTunnelListener"/>.</summary>
public sealed record QuicListenerOptions
{
    /// <summary>The address to listen at; IPv6Any accepts IPv4 too. Port 0 takes any free port.</summary>
    public required IPEndPoint Address { get; init; }

    /// <summary>The hub's certificate with its private key, which must be exportable in memory.</summary>
    public required X509Certificate2 Certificate { get; init; }

    /// <summary>The issuers' certificates between the hub's certificate and the root.</summary>
    public X509Certificate2Collection Chain { get; init; } = [];

    /// <summary>
    /// Is given each connection at its first packet, owns it from then on, and must dispose it when it does not become a tunnel. Called on
    /// a worker of msquic, so it must not block.
    /// </summary>
    public required Action<QuicConnection> OnConnection { get; init; }

    /// <summary>
    /// 32 secret bytes that stay the same over restarts: an edge whose connection ended with an earlier process learns so by its next
    /// packet (stateless reset, RFC 9000, 10.3). Empty: it learns so by silence. The library has one key for the process.
    /// </summary>
    public ReadOnlyMemory<byte> ResetKey { get; init; }

    /// <summary>
    /// The number of unfinished handshakes from which on every client must prove its address (Retry); 0 means always. The library has one
    /// switch for the process.
    /// </summary>
    public int RetryThreshold { get; init; } = 256;
}
