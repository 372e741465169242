using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Receives what waits at a UDP socket, up to <see cref="MaxMessages"/> messages with one system call (recvmmsg), each of which the kernel
/// may have put together from many datagrams of one sender (UDP_GRO). One a thread: a socket that waits holds no buffer. Its memory is only
/// taken from the system as far as datagrams fill it.
/// </summary>
public sealed unsafe class DatagramReceiver
{
    /// <summary>Messages of one call.</summary>
    public const int MaxMessages = 32;

    /// <summary>Room for a struct sockaddr_in6.</summary>
    public const int AddressSize = 28;

    // The largest datagram and a byte, so that none is cut.
    private const int PayloadSize = 65536;

    // Packet information (40 bytes) and the segments' size (24).
    private const int ControlSize = 96;

    [ThreadStatic]
    private static DatagramReceiver? _current;

    private readonly byte* _memory;
    private readonly NativeDatagrams.Message* _messages;
    private readonly byte* _addresses;
    private readonly byte* _controls;
    private readonly byte* _payloads;
    private int _count;
    private int _message;
    private int _offset;
    private int _segment;

    private DatagramReceiver()
    {
        const int Fixed = sizeof(long) * 8 + sizeof(long) * 2 + AddressSize + 4 + ControlSize;
        _memory = (byte*)NativeMemory.Alloc((nuint)(MaxMessages * (Fixed + PayloadSize)));
        _messages = (NativeDatagrams.Message*)_memory;
        var vectors = (NativeDatagrams.Vector*)(_messages + MaxMessages);
        _controls = (byte*)(vectors + MaxMessages);
        _addresses = _controls + (MaxMessages * ControlSize);
        _payloads = _addresses + (MaxMessages * (AddressSize + 4));
        for (var i = 0; i < MaxMessages; i++)
        {
            vectors[i] = new NativeDatagrams.Vector { Base = _payloads + ((nint)i * PayloadSize), Length = PayloadSize };
            _messages[i] = new NativeDatagrams.Message
            {
                Header = new NativeDatagrams.Header
                {
                    Name = _addresses + (i * (AddressSize + 4)),
                    Vectors = vectors + i,
                    VectorCount = 1,
                    Control = _controls + (i * ControlSize),
                },
            };
        }
    }

    /// <summary>Threads of the pool come and go.</summary>
    ~DatagramReceiver() => NativeMemory.Free(_memory);

    /// <summary>This thread's. Not to be used across an await.</summary>
    public static DatagramReceiver Current => _current ??= new DatagramReceiver();

    /// <summary>The last call found as much as it can take: more may be waiting.</summary>
    public bool WasFull => _count == MaxMessages;

    /// <summary>
    /// Messages of the last call that <see cref="TryNext"/> has left out because they did not fit, which the kernel never should have sent.
    /// </summary>
    public int Cut { get; private set; }

    /// <summary>
    /// Lets the kernel put datagrams of one sender together for this socket; does nothing where it can't (before Linux 5.0).
    /// </summary>
    public static void Coalesce(SafeSocketHandle socket) =>
        NativeSocket.SetOption(socket, NativeDatagrams.LevelUdp, NativeDatagrams.UdpGro, 1);

    /// <summary>
    /// Datagrams that found a socket's receive buffer full, as the kernel counts them: several of one sender may be one. 0 when it is
    /// closed.
    /// </summary>
    public static uint Overflows(SafeSocketHandle socket)
    {
        try
        {
            return NativeDatagrams.Overflows(socket);
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }

    /// <summary>Receives what is there without waiting; <see cref="TryNext"/> gives it out.</summary>
    /// <returns><see cref="SocketError.WouldBlock"/> when there is nothing, <see cref="SocketError.OperationAborted"/> when the socket was
    /// closed.</returns>
    public SocketError Receive(SafeSocketHandle socket)
    {
        (_count, _message, _offset, _segment, Cut) = (0, 0, 0, 0, 0);
        for (var i = 0; i < MaxMessages; i++)
        {
            ref var header = ref _messages[i].Header;
            header.NameLength = AddressSize;
            header.ControlLength = ControlSize;
            header.Flags = 0;
        }

        try
        {
            var received = NativeDatagrams.Receive(socket, _messages, MaxMessages, out var error);
            _count = Math.Max(received, 0);
            return NativeDatagrams.ToSocketError(error);
        }
        catch (ObjectDisposedException)
        {
            return SocketError.OperationAborted;
        }
    }

    /// <summary>The next datagram; its spans are good until the next <see cref="Receive"/> on this thread.</summary>
    public bool TryNext(out ReceivedDatagram datagram)
    {
        while (_message < _count)
        {
            ref var message = ref _messages[_message];
            var length = (int)message.Length;
            if (_offset == 0)
                _segment = SegmentSize(Control(_message), length);
            // A part that was cut is no datagram that anybody sent.
            var isCut = (message.Header.Flags & NativeDatagrams.Truncated) != 0;
            if (isCut)
                Cut++;
            if (!isCut && (_offset < length || (length == 0 && _offset == 0)))
            {
                var payload =
                    new ReadOnlySpan<byte>(_payloads + ((nint)_message * PayloadSize) + _offset, Math.Min(_segment, length - _offset));
                datagram = new ReceivedDatagram(new(_addresses + (_message * (AddressSize + 4)), AddressSize), Control(_message), payload);
                _offset += Math.Max(_segment, 1);
                return true;
            }

            _message++;
            _offset = 0;
        }

        datagram = default;
        return false;
    }

    private ReadOnlySpan<byte> Control(int message) =>
        new(_controls + (message * ControlSize), (int)Math.Min(_messages[message].Header.ControlLength, ControlSize));

    private static int SegmentSize(ReadOnlySpan<byte> control, int length)
    {
        while (ControlMessages.TryTake(ref control, out var level, out var type, out var data))
        {
            if (level == NativeDatagrams.LevelUdp && type == NativeDatagrams.UdpGro && data.Length >= 2)
                return Math.Max((int)MemoryMarshal.Read<ushort>(data), 1);
        }

        return length;
    }
}

/// <summary>One datagram of a <see cref="DatagramReceiver"/>.</summary>
/// <param name="address">The sender's struct sockaddr; of a connected socket it means nothing.</param>
/// <param name="control">Control messages.</param>
/// <param name="payload">What was sent, which may be nothing.</param>
public readonly ref struct ReceivedDatagram(ReadOnlySpan<byte> address, ReadOnlySpan<byte> control, ReadOnlySpan<byte> payload)
{
    /// <summary>The sender's struct sockaddr.</summary>
    public ReadOnlySpan<byte> Address { get; } = address;

    /// <summary>Control messages, see <see cref="ControlMessages"/>.</summary>
    public ReadOnlySpan<byte> Control { get; } = control;

    /// <summary>What was sent.</summary>
    public ReadOnlySpan<byte> Payload { get; } = payload;
}
