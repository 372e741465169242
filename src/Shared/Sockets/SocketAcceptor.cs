using System.Net.Sockets;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Accepts connections of one listening socket. Expected failures do not throw to the caller. When descriptors or memory run out, the
/// connection stays in the queue and the next try would fail at once; the acceptor then pauses, so that it neither spins nor ends.
/// </summary>
/// <param name="listener">The listening socket; disposing it ends the accepting.</param>
/// <param name="descriptors">Is told when no descriptors are left.</param>
/// <param name="time">The clock of the pause.</param>
/// <param name="onFailed">Is told, before the pause, of each failure that does not concern a single client. There may be ten a
/// second.</param>
/// <param name="watch">Is told of each try.</param>
public sealed class SocketAcceptor(
    Socket listener, DescriptorGuard descriptors, TimeProvider time, Action<SocketException> onFailed, AcceptWatch? watch = null)
{
    /// <summary>The time between a failure and the next try.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Accepts the next connection. Returns null when the listening socket was closed.</summary>
    public async ValueTask<Socket?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            watch?.Turn();
            try
            {
                return await listener.AcceptAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (
                e is ObjectDisposedException || e is SocketException { SocketErrorCode: SocketError.OperationAborted } || IsClosed())
            {
                return null;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset)
            {
                // That client went away while it was queued; that says nothing about the next one.
            }
            catch (SocketException e)
            {
                if (e.SocketErrorCode == SocketError.TooManyOpenSockets)
                    descriptors.OnShortage();
                onFailed(e);
                await Task.Delay(Pause, time, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private bool IsClosed() => listener.SafeHandle.IsClosed;
}
