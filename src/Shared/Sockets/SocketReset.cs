using System.Net.Sockets;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Ends a connection with RST, so that the peer does not take its end for an orderly one. What the peer has not yet received is lost.
/// </summary>
public static class SocketReset
{
    /// <summary>Resets a connection and closes its socket.</summary>
    public static void Now(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The connection is closed or broken already: there is nobody to tell.
        }

        socket.Dispose();
    }
}
