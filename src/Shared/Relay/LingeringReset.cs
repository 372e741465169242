using System.Net.Sockets;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Relay;

/// <summary>
/// Ends a connection with RST, but only after the peer has received what was written before: <see cref="SocketReset"/> discards the
/// kernel's send queue, and a server that answers and then resets over an unread body must still be heard.
/// </summary>
public static class LingeringReset
{
    /// <summary>How long a peer may take nothing before it is reset all the same.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Waits until the peer has acknowledged everything, or for <see cref="Patience"/> without progress, then resets. The kernel has no
    /// event for that, hence the polling with growing delays.
    /// </summary>
    public static async Task RunAsync(Socket socket, TimeProvider time)
    {
        try
        {
            var delay = FirstDelay;
            var waiting = NativeSocket.Unacknowledged(socket.SafeHandle);
            var progress = time.GetTimestamp();
            while (waiting > 0 && time.GetElapsedTime(progress) < Patience)
            {
                await Task.Delay(delay, time);
                if (delay < LongestDelay)
                    delay *= 2;
                var left = NativeSocket.Unacknowledged(socket.SafeHandle);
                if (left < waiting)
                    progress = time.GetTimestamp();
                waiting = left;
            }
        }
        catch (ObjectDisposedException)
        {
            return;
        }

        SocketReset.Now(socket);
    }
}
