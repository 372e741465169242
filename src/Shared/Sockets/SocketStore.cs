using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// The sockets of this process's ports that outlive it: those that the process before left, and those that are left to the next one.
/// Clients that come between the two wait in the kernel's queue instead of being refused.
/// </summary>
/// <param name="left">The sockets that the process before left; they belong to this object until they are taken.</param>
/// <param name="keeper">Holds the sockets when this process ends; null when nothing does.</param>
public sealed class SocketStore(IEnumerable<Socket> left, ISocketKeeper? keeper) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Socket> _left = [.. left];

    /// <summary>A store without anything, for a process whose sockets end with it.</summary>
    public static SocketStore None { get; } = new([], null);

    /// <summary>Whether sockets stay open when this process ends.</summary>
    public bool IsKept => keeper is not null;

    /// <summary>
    /// Takes the socket that the process before left for a port. One that was left for the same port at another address is closed, since
    /// the port could not be bound beside it.
    /// </summary>
    /// <param name="type"><see cref="SocketType.Stream"/> for a listening TCP socket, <see cref="SocketType.Dgram"/> for UDP.</param>
    /// <param name="endPoint">Where it is to be bound.</param>
    /// <returns>The socket, which belongs to the caller now; null when there is none.</returns>
    public Socket? Take(SocketType type, IPEndPoint endPoint)
    {
        lock (_lock)
        {
            Socket? found = null;
            foreach (var socket in _left.Where(socket => IsFor(socket, type, endPoint.Port)).ToList())
            {
                _left.Remove(socket);
                if (found is null && endPoint.Equals(socket.LocalEndPoint))
                    found = socket;
                else
                    End(socket);
            }

            return found;
        }
    }

    /// <summary>Has a bound socket kept for the next process, until <see cref="Forget"/>.</summary>
    public void Keep(Socket socket) => keeper?.Keep(NameOf(socket), socket);

    /// <summary>Lets a socket end when this process closes it, which is to follow. Does nothing once the socket is closed.</summary>
    public void Forget(Socket socket)
    {
        if (keeper is not null && !socket.SafeHandle.IsClosed)
            keeper.Forget(NameOf(socket));
    }

    /// <summary>Closes what the process before left and nobody has taken: the ports are no longer assigned.</summary>
    public void CloseLeft()
    {
        lock (_lock)
        {
            foreach (var socket in _left)
                End(socket);
            _left.Clear();
        }
    }

    /// <summary>Closes what was not taken, which stays with the keeper for the next process.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var socket in _left)
                socket.Dispose();
            _left.Clear();
        }
    }

    private static bool IsFor(Socket socket, SocketType type, int port) =>
        socket.SocketType == type && (socket.LocalEndPoint as IPEndPoint)?.Port == port;

    // One port of a protocol is bound once in a process, so that this is enough. A colon would end a name (sd_pid_notify_with_fds(3)).
    private static string NameOf(Socket socket) =>
        socket.LocalEndPoint is IPEndPoint endPoint
            ? string.Create(CultureInfo.InvariantCulture, $"{(socket.SocketType == SocketType.Stream ? "tcp" : "udp")}-{endPoint.Port}")
            : "other";

    private void End(Socket socket)
    {
        Forget(socket);
        socket.Dispose();
    }
}
