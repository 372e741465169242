using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Sockets;

namespace Tunnel.Edge.Udp;

/// <summary>A UDP socket that knows to which of our addresses each datagram was sent, and answers from that address.</summary>
internal sealed class DatagramSocket : IDatagramSocket
{
    /// <summary>
    /// The requested buffer size, in bytes, so that a burst fits while we are busy; the kernel lowers it to net.core.rmem_max and wmem_max.
    /// </summary>
    private const int KernelBuffer = 4 << 20;

    private readonly Socket _socket;
    private readonly SocketStore _sockets;
    private readonly SafeSocketHandle _handle;
    private readonly AddressFamily _family;

    /// <summary>
    /// The buffer of a peek. It needs one byte, since a receive of zero bytes would not see an empty datagram and would wait for ever.
    /// </summary>
    private readonly byte[] _peek = new byte[1];

    private DatagramSocket(Socket socket, SocketStore sockets)
    {
        _socket = socket;
        _sockets = sockets;
        _handle = socket.SafeHandle;
        _family = socket.AddressFamily;
        LocalPort = ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public int LocalPort { get; }

    public uint Overflows => DatagramReceiver.Overflows(_handle);

    /// <summary>Creates a socket that is bound to <paramref name="endPoint"/>, or takes the one that the process before has left.</summary>
    /// <exception cref="SocketException">The address can't be bound.</exception>
    public static DatagramSocket Open(IPEndPoint endPoint, SocketStore sockets, DescriptorGuard descriptors)
    {
        var left = sockets.Take(SocketType.Dgram, endPoint);
        var socket = left ?? new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            descriptors.Check(socket);
            if (left is null && endPoint.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = endPoint.Address.Equals(IPAddress.IPv6Any);
            socket.ReceiveBufferSize = KernelBuffer;
            socket.SendBufferSize = KernelBuffer;
            PacketInfo.Enable(socket);
            DatagramReceiver.Coalesce(socket.SafeHandle);
            if (left is null)
                socket.Bind(endPoint);
            sockets.Keep(socket);
            return new DatagramSocket(socket, sockets);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async ValueTask<bool> WaitReadableAsync()
    {
        try
        {
            await _socket.ReceiveAsync(_peek, SocketFlags.Peek);
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        catch (SocketException e)
        {
            // Anything but the end of the socket is a queued error (ICMP), which this call has taken.
            return e.SocketErrorCode != SocketError.OperationAborted && !_handle.IsClosed;
        }
    }

    public bool Receive(IDatagramReceiver receiver)
    {
        var batch = DatagramReceiver.Current;
        batch.Receive(_handle);
        while (batch.TryNext(out var datagram))
            receiver.OnDatagram(PacketInfo.Read(datagram.Address, datagram.Control), datagram.Payload);
        if (batch.Cut > 0)
            receiver.OnCut(batch.Cut);
        return batch.WasFull;
    }

    public bool TryAdd(object owner, ReadOnlySpan<byte> payload) => DatagramRun.Current.TryAdd(owner, [], payload);

    public int Send(object owner, in DatagramPath path)
    {
        Span<byte> address = stackalloc byte[PacketInfo.AddressSize];
        Span<byte> control = stackalloc byte[PacketInfo.ControlSize];
        return DatagramRun.Current.Send(
            owner, _handle, address[..PacketInfo.WriteAddress(address, path, _family)],
            control[..PacketInfo.WriteControl(control, path, _family)]).Dropped;
    }

    public void Dispose()
    {
        _sockets.Forget(_socket);
        _socket.Dispose();
    }

    public void Leave() => _socket.Dispose();
}
