using System.Net.Sockets;
using System.Text;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// Keeps sockets in systemd's descriptor store (sd_pid_notify_with_fds(3)), as many as the unit's <c>FileDescriptorStoreMax=</c> allows.
/// They are there until the unit is stopped for good, and the next process gets them at its start.
/// </summary>
public sealed class SystemdSocketKeeper : ISocketKeeper
{
    private readonly UnixDomainSocketEndPoint _manager;

    private SystemdSocketKeeper(UnixDomainSocketEndPoint manager) => _manager = manager;

    /// <summary>Returns the keeper of this process; null where systemd has not started it.</summary>
    public static SystemdSocketKeeper? Find() =>
        Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is { Length: > 1 } path && path[0] is '/' or '@'
            ? new(new UnixDomainSocketEndPoint(path[0] == '@' ? $"\0{path[1..]}" : path))
            : null;

    /// <summary>Returns what the process before left to this one under systemd, and where this one leaves its own.</summary>
    public static SocketStore OpenStore() => new(InheritedSockets.Take(), Find());

    /// <inheritdoc/>
    // Without FDPOLL=0 systemd would drop a UDP socket at the first ICMP error that waits in it.
    public void Keep(string name, Socket socket) => Send($"FDSTORE=1\nFDNAME={name}\nFDPOLL=0", socket);

    /// <inheritdoc/>
    public void Forget(string name) => Send($"FDSTOREREMOVE=1\nFDNAME={name}", null);

    private void Send(string message, Socket? passed)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.Connect(_manager);
            var data = Encoding.UTF8.GetBytes(message);
            if (passed is null)
                socket.Send(data);
            else
                NativeDescriptors.Send(socket, data, passed.SafeHandle);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The manager is gone or does not read; the socket then ends with this process.
        }
    }
}
