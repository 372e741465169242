using System.Net.Sockets;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Accepts connections of one listening socket. What is expected is no exception to the caller, and being out of descriptors or memory,
/// when the connection stays in the queue and the next try would fail at once, neither spins nor ends it.
/// </summary>
/// <param name="listener">Listens; disposing it ends the accepting.</param>
/// <param name="descriptors">Is told when there are none.</param>
/// <param name="time">The clock of the pause.</param>
/// <param name="onFailed">Told of a failure that is no single client's, before the pause. There may be ten a second.</param>
/// <param name="watch">Is told of each try.</param>
public sealed class SocketAcceptor(
    Socket listener, DescriptorGuard descriptors, TimeProvider time, Action<SocketException> onFailed, AcceptWatch? watch = null)
{
    /// <summary>Between a failure and the next try.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>The next connection; null when the socket was closed.</summary>
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
                // That client went away while it was queued; the next one is not its fault.
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
