using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Transport.Proxies;

/// <summary>Connects to the other side over TCP, straight or through a proxy: whoever dials, dials here.</summary>
public static class PeerConnector
{
    /// <summary>
    /// Connects to an address. As with <see cref="SocketConnector"/>, none of the socket's asynchronous methods may be used.
    /// </summary>
    /// <param name="address">The peer's address, or the proxy's when there is a hop.</param>
    /// <param name="hop">The way through a proxy; null for a straight connection.</param>
    /// <param name="maxSegment">The most bytes of a segment; null for what the route allows.</param>
    /// <param name="cancellationToken">Gives up, whatever it waits for.</param>
    /// <returns>The socket, or null and why there is none, without the peer's name.</returns>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public static async Task<(Socket? Socket, string? Fault)> ConnectAsync(
        IPEndPoint address, ProxyHop? hop, int? maxSegment, CancellationToken cancellationToken)
    {
        Socket? connected = null;
        try
        {
            (connected, var error) = await SocketConnector.ConnectAsync(address, cancellationToken, maxSegment: maxSegment);
            if (connected is null)
                return (null, Through(hop, address, new SocketException((int)error).Message));
            if (hop is not null && await ProxyHandshake.AskAsync(connected, hop, cancellationToken) is { } fault)
                return (null, $"the proxy {hop.Server} {fault}");
            var socket = connected;
            connected = null;
            return (socket, null);
        }
        catch (SocketException e)
        {
            // The connection was reset before its options could be set.
            return (null, Through(hop, address, e.Message));
        }
        finally
        {
            connected?.Dispose();
        }
    }

    private static string Through(ProxyHop? hop, IPEndPoint address, string error) =>
        hop is null ? error : $"the proxy {hop.Server} ({address}) can't be reached: {error}";
}
