using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Receives the datagrams that wait at a UDP socket. One system call (recvmmsg) takes up to <see cref="MaxMessages"/> messages, each of
/// which the kernel may have combined from many datagrams of one sender (UDP_GRO). There is one receiver per thread, so that a socket that
/// waits holds no buffer. The system only provides as much of its memory as datagrams fill.
/// </summary>
public sealed unsafe class DatagramReceiver
{
    /// <summary>The most messages of one call.</summary>
    public const int MaxMessages = 32;

    /// <summary>Bytes of a struct sockaddr_in6.</summary>
    public const int AddressSize = 28;

    // One byte more than the largest datagram, so that none is cut.
    private const int PayloadSize = 65536;

    // This has room for packet information (40 bytes) and for the segments' size (24 bytes).
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

    /// <summary>Frees the buffers of a thread that has ended: threads of the pool come and go.</summary>
    ~DatagramReceiver() => NativeMemory.Free(_memory);

    /// <summary>The receiver of this thread. It must not be used across an await.</summary>
    public static DatagramReceiver Current => _current ??= new DatagramReceiver();

    /// <summary>True when the last call filled all messages, so that more may be waiting.</summary>
    public bool WasFull => _count == MaxMessages;

    /// <summary>
    /// Messages of the last call that <see cref="TryNext"/> has left out because they did not fit into the buffer. The kernel should never
    /// send any.
    /// </summary>
    public int Cut { get; private set; }

    /// <summary>
    /// Lets the kernel combine datagrams of one sender for this socket (UDP_GRO). Does nothing before Linux 5.0, which can't.
    /// </summary>
    public static void Coalesce(SafeSocketHandle socket) =>
        NativeSocket.SetOption(socket, NativeDatagrams.LevelUdp, NativeDatagrams.UdpGro, 1);

    /// <summary>
    /// Datagrams that found a socket's receive buffer full, as the kernel counts them: several from one sender may count as one. 0 when the
    /// socket is closed.
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

    /// <summary>Receives what has arrived, without waiting; <see cref="TryNext"/> returns it datagram by datagram.</summary>
    /// <returns><see cref="SocketError.WouldBlock"/> when nothing has arrived, <see cref="SocketError.OperationAborted"/> when the socket
    /// was closed.</returns>
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
            return ErrorNumbers.ToSocketError(error);
        }
        catch (ObjectDisposedException)
        {
            return SocketError.OperationAborted;
        }
    }

    /// <summary>Takes the next datagram. Its spans are valid until the next <see cref="Receive"/> on this thread.</summary>
    public bool TryNext(out ReceivedDatagram datagram)
    {
        while (_message < _count)
        {
            ref var message = ref _messages[_message];
            var length = (int)message.Length;
            if (_offset == 0)
                _segment = SegmentSize(Control(_message), length);
            // A message that was cut is not what the sender sent, so it is left out.
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

/// <summary>One datagram from a <see cref="DatagramReceiver"/>.</summary>
/// <param name="address">The sender's struct sockaddr; for a connected socket it means nothing.</param>
/// <param name="control">Control messages.</param>
/// <param name="payload">The datagram's payload, which may be empty.</param>
public readonly ref struct ReceivedDatagram(ReadOnlySpan<byte> address, ReadOnlySpan<byte> control, ReadOnlySpan<byte> payload)
{
    /// <summary>The sender's struct sockaddr.</summary>
    public ReadOnlySpan<byte> Address { get; } = address;

    /// <summary>The control messages, to be read with <see cref="ControlMessages"/>.</summary>
    public ReadOnlySpan<byte> Control { get; } = control;

    /// <summary>The datagram's payload.</summary>
    public ReadOnlySpan<byte> Payload { get; } = payload;
}
