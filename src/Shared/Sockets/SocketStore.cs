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
    private readonly HashSet<Socket> _kept = [];

    /// <summary>A store without anything, for a process whose sockets end with it.</summary>
    public static SocketStore None => new([], null);

    /// <summary>Whether sockets stay open when this process ends.</summary>
    public bool IsKept => keeper is not null;

    /// <summary>The open sockets that the next process is to have.</summary>
    public IReadOnlyList<Socket> Kept
    {
        get
        {
            lock (_lock)
                return [.. _kept.Where(socket => !socket.SafeHandle.IsClosed)];
        }
    }

    /// <summary>Listens at a TCP port, by the socket that the process before left or by a new one, and keeps the socket.</summary>
    /// <param name="endPoint">Where to listen; the IPv6 wildcard takes IPv4 too.</param>
    /// <param name="backlog">How many connections the kernel completes while the process is busy.</param>
    /// <param name="prepare">Sets options before the socket listens; accepted sockets inherit most of them on Linux.</param>
    /// <exception cref="SocketException">The address can't be bound.</exception>
    public Socket Listen(IPEndPoint endPoint, int backlog, Action<Socket>? prepare = null)
    {
        var left = Take(SocketType.Stream, endPoint);
        var socket = left ?? new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            prepare?.Invoke(socket);
            if (left is null && endPoint.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = endPoint.Address.Equals(IPAddress.IPv6Any);
            // .NET sets SO_REUSEADDR by itself before a TCP bind on Unix: connections in TIME_WAIT don't keep the port after a restart,
            // while another listener still does. Its ReuseAddress option must not be used: it would add SO_REUSEPORT and share the port
            // silently.
            if (left is null)
                socket.Bind(endPoint);
            socket.Listen(backlog);
            Keep(socket);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Takes the socket that the process before left for a port. One that was left for the same port at another address is closed where
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
            foreach (var socket in _left.Where(socket => IsInTheWay(socket, type, endPoint)).ToList())
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
    public void Keep(Socket socket)
    {
        lock (_lock)
            _kept.Add(socket);
        keeper?.Keep(NameOf(socket), socket);
    }

    /// <summary>Lets a socket end when this process closes it, which is to follow. Does nothing once the socket is closed.</summary>
    public void Forget(Socket socket)
    {
        lock (_lock)
            _kept.Remove(socket);
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

    private static bool IsInTheWay(Socket socket, SocketType type, IPEndPoint endPoint) =>
        socket.SocketType == type
            && socket.LocalEndPoint is IPEndPoint at
            && at.Port == endPoint.Port
            && (at.Address.Equals(endPoint.Address) || IsWildcard(at.Address) || IsWildcard(endPoint.Address));

    private static bool IsWildcard(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    // Whoever forgets sockets has only one for each port of a protocol, so that this is enough. A colon would end a name
    // (sd_pid_notify_with_fds(3)).
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
