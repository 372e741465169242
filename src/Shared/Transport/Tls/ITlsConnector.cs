using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Tls;

/// <summary>Gets connections to a hub whose certificate has the right pin, and to which the edge has said nothing yet.</summary>
public interface ITlsConnector
{
    /// <summary>Gets one. Every expected failure is a result; only cancellation throws.</summary>
    /// <returns>The connection, which the caller owns; or why there is none.</returns>
    Task<(TlsConnection? Connection, DialResult? Failure)> ConnectAsync(DialRequest request, CancellationToken cancellationToken);
}
