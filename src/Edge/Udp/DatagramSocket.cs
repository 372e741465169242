using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tunnel.Edge.Udp;

/// <summary>A UDP socket that knows to which of our addresses each datagram was sent, and answers from there.</summary>
internal sealed class DatagramSocket : IDatagramSocket
{
    /// <summary>Asked for so that a burst finds room while we are busy; the kernel lowers it to net.core.rmem_max and wmem_max.</summary>
    private const int KernelBuffer = 4 << 20;

    private readonly Socket _socket;
    private readonly SafeSocketHandle _handle;
    private readonly AddressFamily _family;

    /// <summary>A peek needs one byte: a receive of zero bytes would not see an empty datagram, and wait for ever in front of it.</summary>
    private readonly byte[] _peek = new byte[1];

    private DatagramSocket(Socket socket)
    {
        _socket = socket;
        _handle = socket.SafeHandle;
        _family = socket.AddressFamily;
        LocalPort = ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public int LocalPort { get; }

    /// <summary>Binds <paramref name="endPoint"/>.</summary>
    /// <exception cref="SocketException">It can't be bound.</exception>
    public static DatagramSocket Open(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = endPoint.Address.Equals(IPAddress.IPv6Any);
            socket.ReceiveBufferSize = KernelBuffer;
            socket.SendBufferSize = KernelBuffer;
            PacketInfo.Enable(socket);
            socket.Bind(endPoint);
            return new DatagramSocket(socket);
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
            // Anything but the end of the socket is a queued error (ICMP) that has been taken by this call.
            return e.SocketErrorCode != SocketError.OperationAborted && !_handle.IsClosed;
        }
    }

    public unsafe bool TryReceive(Span<byte> buffer, out int length, out DatagramPath path)
    {
        byte* address = stackalloc byte[PacketInfo.AddressSize];
        byte* control = stackalloc byte[PacketInfo.ControlSize];
        fixed (byte* data = buffer)
        {
            while (!_handle.IsClosed)
            {
                var vector = new NativeMessage.Vector { Base = data, Length = (nuint)buffer.Length };
                var message = new NativeMessage.Header
                {
                    Name = address,
                    NameLength = PacketInfo.AddressSize,
                    Vectors = &vector,
                    VectorCount = 1,
                    Control = control,
                    ControlLength = PacketInfo.ControlSize,
                };
                nint received = Receive(ref message);
                if (received < 0 && Marshal.GetLastPInvokeError() == NativeMessage.ErrorInterrupted)
                    continue;
                if (received < 0)
                    break;
                if ((message.Flags & NativeMessage.Truncated) != 0)
                    continue;
                length = (int)received;
                path = PacketInfo.Read(new(address, PacketInfo.AddressSize), new(control, (int)message.ControlLength));
                return true;
            }
        }

        (length, path) = (0, default);
        return false;
    }

    public unsafe bool TrySend(ReadOnlySpan<byte> payload, in DatagramPath path)
    {
        byte* address = stackalloc byte[PacketInfo.AddressSize];
        byte* control = stackalloc byte[PacketInfo.ControlSize];
        fixed (byte* data = payload)
        {
            var vector = new NativeMessage.Vector { Base = data, Length = (nuint)payload.Length };
            var message = new NativeMessage.Header
            {
                Name = address,
                NameLength = PacketInfo.WriteAddress(new(address, PacketInfo.AddressSize), path, _family),
                Vectors = &vector,
                VectorCount = 1,
                Control = control,
                ControlLength = (nuint)PacketInfo.WriteControl(new(control, PacketInfo.ControlSize), path, _family),
            };
            nint sent;
            do
                sent = Send(ref message);
            while (sent < 0 && Marshal.GetLastPInvokeError() == NativeMessage.ErrorInterrupted);
            return sent >= 0;
        }
    }

    public void Dispose() => _socket.Dispose();

    private nint Receive(ref NativeMessage.Header message)
    {
        try
        {
            return NativeMessage.Receive(_handle, ref message);
        }
        catch (ObjectDisposedException)
        {
            // Closed between the check and the call.
            Marshal.SetLastPInvokeError(0);
            return -1;
        }
    }

    private nint Send(ref NativeMessage.Header message)
    {
        try
        {
            return NativeMessage.Send(_handle, ref message);
        }
        catch (ObjectDisposedException)
        {
            Marshal.SetLastPInvokeError(0);
            return -1;
        }
    }
}
