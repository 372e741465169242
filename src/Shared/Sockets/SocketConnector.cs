using System.Net;
using System.Net.Sockets;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Connects TCP sockets on an event loop, so that the runtime's own never watches them. What is expected to fail is a result, not an
/// exception: a refused connection costs no more than one that is accepted.
/// </summary>
public static class SocketConnector
{
    /// <summary>
    /// Connects. The socket does not block and has TCP_NODELAY and keep-alive; none of its asynchronous methods may be used.
    /// </summary>
    /// <param name="address">Where to.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="descriptors">Refuses it as a client's, with <see cref="SocketError.TooManyOpenSockets"/>; null for the process's own
    /// connections.</param>
    /// <param name="maxSegment">Bytes that a segment may have, either way (TCP_MAXSEG: the peer is told with the SYN); null: what the route
    /// allows.</param>
    /// <returns>The socket, or null and why there is none.</returns>
    /// <exception cref="OperationCanceledException">Given up; what the kernel may have connected meanwhile is reset.</exception>
    public static async ValueTask<(Socket? Socket, SocketError Error)> ConnectAsync(
        IPEndPoint address, CancellationToken cancellationToken, DescriptorGuard? descriptors = null, int? maxSegment = null)
    {
        var handle = NativeSocket.Create(address.AddressFamily);
        if (descriptors?.Refuses(handle) == true)
            return (null, SocketError.TooManyOpenSockets);
        if (handle.IsInvalid)
            return (null, ToSocketError(NativeSocket.LastError));
        if (maxSegment is { } limit)
            NativeSocket.SetMaxSegment(handle, limit);
        var error = NativeSocket.Connect(handle, address.Serialize());
        if (error == NativeSocket.Failed)
        {
            var cause = ToSocketError(NativeSocket.LastError);
            handle.Dispose();
            return (null, cause);
        }

        if (error == NativeSocket.WouldBlock && await WaitAsync(handle, cancellationToken) is not SocketError.Success and var failure)
        {
            handle.Dispose();
            return (null, failure);
        }

        // It is not blocking, which the wrapper must be told, or it refuses to send.
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
            Abort(handle);
            throw;
        }
        finally
        {
            connecting.Detach();
        }

        return ToSocketError(NativeSocket.ConnectError(handle));
    }

    // It must not look like an orderly end to who may have accepted it.
    private static void Abort(SafeSocketHandle handle)
    {
        using var socket = new Socket(handle);
        socket.LingerState = new LingerOption(true, 0);
    }

    // errno(3) on Linux.
    internal static SocketError ToSocketError(int error) => error switch
    {
        0 => SocketError.Success,
        1 or 13 => SocketError.AccessDenied,
        11 or 99 => SocketError.AddressNotAvailable,
        12 or 105 => SocketError.NoBufferSpaceAvailable,
        23 or 24 => SocketError.TooManyOpenSockets,
        98 => SocketError.AddressAlreadyInUse,
        100 => SocketError.NetworkDown,
        101 => SocketError.NetworkUnreachable,
        104 => SocketError.ConnectionReset,
        110 => SocketError.TimedOut,
        111 => SocketError.ConnectionRefused,
        112 => SocketError.HostDown,
        113 => SocketError.HostUnreachable,
        _ => SocketError.SocketError,
    };
}
