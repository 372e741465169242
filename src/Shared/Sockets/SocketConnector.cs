using System.Net;
using System.Net.Sockets;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Connects TCP sockets on an event loop, so that the runtime's own loop never watches them. Expected failures are results and not
/// exceptions, so that a refused connection costs no more than an accepted one.
/// </summary>
public static class SocketConnector
{
    /// <summary>
    /// Connects to an address. The socket does not block and has TCP_NODELAY and keep-alive; none of its asynchronous methods may be used.
    /// </summary>
    /// <param name="address">The address to connect to.</param>
    /// <param name="cancellationToken">Gives up the connection attempt.</param>
    /// <param name="descriptors">Checks the socket as a client's; a refusal returns <see cref="SocketError.TooManyOpenSockets"/>. Null for
    /// the process's own connections.</param>
    /// <param name="maxSegment">The most bytes of a segment, in both directions (TCP_MAXSEG: the SYN tells the peer); null for what the
    /// route allows.</param>
    /// <returns>The socket, or null and why there is none.</returns>
    /// <exception cref="OperationCanceledException">The caller gave up; a connection that the kernel may have made meanwhile is
    /// reset.</exception>
    public static async ValueTask<(Socket? Socket, SocketError Error)> ConnectAsync(
        IPEndPoint address, CancellationToken cancellationToken, DescriptorGuard? descriptors = null, int? maxSegment = null)
    {
        var handle = NativeSocket.Create(address.AddressFamily);
        if (descriptors?.Refuses(handle) == true)
            return (null, SocketError.TooManyOpenSockets);
        if (handle.IsInvalid)
            return (null, ErrorNumbers.ToConnectError(NativeSocket.LastError));
        if (maxSegment is { } limit)
            NativeSocket.SetMaxSegment(handle, limit);
        var error = NativeSocket.Connect(handle, address.Serialize());
        if (error == NativeSocket.Failed)
        {
            var cause = ErrorNumbers.ToConnectError(NativeSocket.LastError);
            handle.Dispose();
            return (null, cause);
        }

        if (error == NativeSocket.WouldBlock && await WaitAsync(handle, cancellationToken) is not SocketError.Success and var failure)
        {
            handle.Dispose();
            return (null, failure);
        }

        // The socket does not block. The wrapper must be told so, or it refuses to send.
        var socket = new Socket(handle) { Blocking = false, NoDelay = true };
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        return (socket, SocketError.Success);
    }

    private static async ValueTask<SocketError> WaitAsync(SafeSocketHandle handle, CancellationToken cancellationToken)
    {
        var connecting = new LoopSocket(handle);
        try
        {
            await connecting.WaitWritableAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The peer may have accepted the connection.
            SocketReset.Now(new Socket(handle));
            throw;
        }
        finally
        {
            connecting.Detach();
        }

        return ErrorNumbers.ToConnectError(NativeSocket.ConnectError(handle));
    }
}
