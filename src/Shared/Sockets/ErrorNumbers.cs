using System.Net.Sockets;

namespace Tunnel.Shared.Sockets;

/// <summary>Knows what the numbers of errno(3) mean, on Linux.</summary>
internal static class ErrorNumbers
{
    /// <summary>Converts an error number; only errors that somebody distinguishes have their own value.</summary>
    public static SocketError ToSocketError(int error) => error switch
    {
        0 => SocketError.Success,
        1 or 13 => SocketError.AccessDenied,
        NativeDatagrams.ErrorAgain => SocketError.WouldBlock,
        23 or 24 => SocketError.TooManyOpenSockets,
        NativeDatagrams.ErrorMessageSize => SocketError.MessageSize,
        98 => SocketError.AddressAlreadyInUse,
        99 => SocketError.AddressNotAvailable,
        100 => SocketError.NetworkDown,
        NativeDatagrams.ErrorNetworkUnreachable => SocketError.NetworkUnreachable,
        104 => SocketError.ConnectionReset,
        12 or NativeDatagrams.ErrorNoBuffers => SocketError.NoBufferSpaceAvailable,
        110 => SocketError.TimedOut,
        NativeDatagrams.ErrorConnectionRefused => SocketError.ConnectionRefused,
        112 => SocketError.HostDown,
        NativeDatagrams.ErrorHostUnreachable => SocketError.HostUnreachable,
        _ => SocketError.SocketError,
    };

    /// <summary>
    /// Converts an error number of a failed connect, where EAGAIN says that no local port is free (connect(2)), and else is as above.
    /// </summary>
    public static SocketError ToConnectError(int error) =>
        error == NativeDatagrams.ErrorAgain ? SocketError.AddressNotAvailable : ToSocketError(error);
}
