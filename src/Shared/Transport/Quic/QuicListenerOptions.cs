using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Tunnel.Shared.Transport.Quic;

/// <summary>What a <see cref="QuicTunnelListener"/> needs to know.</summary>
public sealed record QuicListenerOptions
{
    /// <summary>Where to listen; IPv6Any takes IPv4 too. Port 0 takes any.</summary>
    public required IPEndPoint Address { get; init; }

    /// <summary>The hub's certificate with its private key, which has to be exportable in memory.</summary>
    public required X509Certificate2 Certificate { get; init; }

    /// <summary>The issuers' certificates between it and the root.</summary>
    public X509Certificate2Collection Chain { get; init; } = [];

    /// <summary>
    /// Told of each connection at its first packet; owns it from then on, and has to dispose it when it does not become a tunnel. Called on
    /// a worker of msquic, must not block.
    /// </summary>
    public required Action<QuicConnection> OnConnection { get; init; }

    /// <summary>
    /// 32 secret bytes that stay the same over restarts: edges whose connection ended with an earlier process are told so by their next
    /// packet (stateless reset, RFC 9000, 10.3). Empty: they find out by silence. The library has one key for the process.
    /// </summary>
    public ReadOnlyMemory<byte> ResetKey { get; init; }

    /// <summary>
    /// Unfinished handshakes from which every client has to prove its address (Retry); 0 asks always. The library has one switch for the
    /// process.
    /// </summary>
    public int RetryThreshold { get; init; } = 256;
}
