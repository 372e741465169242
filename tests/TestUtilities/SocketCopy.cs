using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tunnel.TestUtilities;

/// <summary>A second descriptor of a socket, as another process would have it.</summary>
public static partial class SocketCopy
{
    // The copy is closed in programs that other tests start meanwhile: they would keep a port open that a test has closed.
    private const int DuplicateCloseOnExec = 1030;

    /// <summary>Makes a copy, which keeps the socket open until it is closed too.</summary>
    public static Socket Of(Socket socket) =>
        new(new SafeSocketHandle(fcntl(socket.SafeHandle, DuplicateCloseOnExec, 0), ownsHandle: true));

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(SafeSocketHandle socket, int command, int lowest);
}
