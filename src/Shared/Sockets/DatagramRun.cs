using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Datagrams to one destination that are sent together with one system call (sendmmsg). Neighbours of equal length form one message that
/// the kernel takes apart (UDP_SEGMENT). There is one run per thread; from the first datagram until the run is sent it belongs to the owner
/// that added the datagram.
/// </summary>
public sealed unsafe class DatagramRun
{
    /// <summary>The most datagrams of one run, which is also the kernel's limit for the parts of one message.</summary>
    public const int MaxDatagrams = 64;

    /// <summary>The largest UDP payload over IPv4 in bytes: 65,535 less the IP and UDP headers.</summary>
    public const int MaxPayload = 65_507;

    // This has room for two datagrams of the largest size.
    private const int Capacity = 128 << 10;

    // Each part must fit into the path's MTU, and a message with all of its parts into 64 KiB. Of longer parts too few fit to gain much.
    private const int LongestPart = 1_400;
    private const int LongestMessage = 63_000;
    private const int ControlSize = 96;

    [ThreadStatic]
    private static DatagramRun? _current;

    private readonly byte[] _payload = GC.AllocateUninitializedArray<byte>(Capacity, pinned: true);
    private readonly int[] _lengths = new int[MaxDatagrams];
    private object? _owner;
    private int _count;
    private int _used;

    private DatagramRun()
    {
    }

    /// <summary>The run of this thread. It must not be used across an await.</summary>
    public static DatagramRun Current => _current ??= new DatagramRun();

    /// <summary>Whether the kernel supports UDP_SEGMENT (since Linux 4.18).</summary>
    internal static bool CanSegment { get; } = ProbeSegment();

    /// <summary>Adds a datagram that is given in two parts.</summary>
    /// <param name="owner">The owner of the datagrams. Datagrams that another owner left behind are discarded: they must never reach this
    /// owner's destination.</param>
    /// <param name="head">The first bytes; may be empty.</param>
    /// <param name="payload">The remaining bytes. Both parts together are at most <see cref="MaxPayload"/> bytes.</param>
    /// <returns>False when there is no room: the caller must send first.</returns>
    public bool TryAdd(object owner, ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload)
    {
        if (!ReferenceEquals(owner, _owner))
            (_owner, _count, _used) = (owner, 0, 0);
        var length = head.Length + payload.Length;
        if (_count == MaxDatagrams || _used + length > Capacity)
            return false;
        head.CopyTo(_payload.AsSpan(_used));
        payload.CopyTo(_payload.AsSpan(_used + head.Length));
        _lengths[_count++] = length;
        _used += length;
        return true;
    }

    /// <summary>
    /// Sends what <paramref name="owner"/> has added and empties the run. Nothing is sent when the run belongs to another owner.
    /// </summary>
    /// <param name="owner">The owner that added the datagrams.</param>
    /// <param name="socket">The socket that sends them.</param>
    /// <param name="address">The destination's struct sockaddr; empty for a connected socket.</param>
    /// <param name="control">Control messages to send with each datagram, at most 64 bytes.</param>
    public DatagramResult Send(object owner, SafeSocketHandle socket, ReadOnlySpan<byte> address, ReadOnlySpan<byte> control)
    {
        if (!ReferenceEquals(owner, _owner))
            return default;
        var sending = new Sending(this, socket, address.Length, control.Length);
        address.CopyTo(sending.Address);
        control.CopyTo(sending.Control);
        try
        {
            return sending.Run();
        }
        catch (ObjectDisposedException)
        {
            // The socket was closed meanwhile.
            return sending.GiveUp();
        }
        finally
        {
            (_owner, _count, _used) = (null, 0, 0);
        }
    }

    private static bool ProbeSegment()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.SetRawSocketOption(NativeDatagrams.LevelUdp, NativeDatagrams.UdpSegment, [0, 0, 0, 0]);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>The state of one call of <see cref="Send"/>, on the stack.</summary>
    private ref struct Sending(DatagramRun run, SafeSocketHandle socket, int addressLength, int controlLength)
    {
        private AddressBytes _address;
        private ControlBytes _control;
        private int _next;
        private int _offset;
        private int _dropped;
        private int _refused;
        private SocketError _error;

        [UnscopedRef]
        public Span<byte> Address => _address;

        [UnscopedRef]
        public Span<byte> Control => _control;

        public DatagramResult Run()
        {
            var segment = CanSegment;
            while (_next < run._count)
                segment = SendSome(segment) && CanSegment;
            return new DatagramResult(_dropped, _refused, _error);
        }

        /// <summary>Counts the rest as dropped, because the socket is closed.</summary>
        public DatagramResult GiveUp() => new(_dropped + run._count - _next, _refused, SocketError.OperationAborted);

        /// <summary>Sends the rest, or as much of it as goes before an error needs a decision.</summary>
        /// <returns>False when the next datagram must be sent alone and not as a part of a message.</returns>
        [SkipLocalsInit]
        private bool SendSome(bool segment)
        {
            var messages = stackalloc NativeDatagrams.Message[MaxDatagrams];
            var vectors = stackalloc NativeDatagrams.Vector[MaxDatagrams];
            var parts = stackalloc int[MaxDatagrams];
            var controls = stackalloc byte[MaxDatagrams * ControlSize];
            fixed (byte* payload = run._payload)
            fixed (byte* address = Address)
            {
                var count = 0;
                for (int first = _next, offset = _offset; first < run._count; count++)
                {
                    parts[count] = segment ? PartsFrom(first, out var bytes) : One(first, out bytes);
                    vectors[count] = new NativeDatagrams.Vector { Base = payload + offset, Length = (nuint)bytes };
                    var control = controls + (count * ControlSize);
                    messages[count] = new NativeDatagrams.Message
                    {
                        Header = new NativeDatagrams.Header
                        {
                            Name = addressLength > 0 ? address : null,
                            NameLength = addressLength,
                            Vectors = vectors + count,
                            VectorCount = 1,
                            Control = control,
                            ControlLength = (nuint)WriteControl(new(control, ControlSize), parts[count] > 1 ? run._lengths[first] : 0),
                        },
                    };
                    first += parts[count];
                    offset += bytes;
                }

                var sent = NativeDatagrams.Send(socket, messages, count, out var error);
                for (var i = 0; i < sent; i++)
                    Advance(parts[i]);
                return sent > 0 || Decide(error, parts[0], segment);
            }
        }

        /// <summary>Decides how to go on after the first message could not be sent.</summary>
        private bool Decide(int error, int parts, bool segment)
        {
            switch (error)
            {
                case NativeDatagrams.ErrorConnectionRefused when _refused < run._count:
                    // The error answers an earlier datagram; this one has not been sent yet.
                    _refused++;
                    return segment;
                case NativeDatagrams.ErrorInvalid or NativeDatagrams.ErrorMessageSize or NativeDatagrams.ErrorIo
                    or NativeDatagrams.ErrorProtocolOption or NativeDatagrams.ErrorNotSupported when parts > 1:
                    // The path has a smaller MTU, or the device can't segment: send the datagrams one by one.
                    return false;
                case NativeDatagrams.ErrorAgain:
                    // The socket's send buffer is full and will stay so for the moment, so the rest is dropped.
                    parts = run._count - _next;
                    break;
            }

            _error = ErrorNumbers.ToSocketError(error);
            _dropped += parts;
            Advance(parts);
            return segment;
        }

        private void Advance(int parts)
        {
            for (var i = 0; i < parts; i++)
                _offset += run._lengths[_next++];
        }

        /// <summary>
        /// How many datagrams, from this one on, can go as one message: all have the same length, and the last may be shorter.
        /// </summary>
        private readonly int PartsFrom(int first, out int bytes)
        {
            var parts = One(first, out var length);
            bytes = length;
            if (length is 0 or > LongestPart)
                return parts;
            while (
                first + parts < run._count && run._lengths[first + parts] is > 0 and var next && next <= length
                && bytes + next <= LongestMessage)
            {
                parts++;
                bytes += next;
                if (next < length)
                    break;
            }

            return parts;
        }

        private readonly int One(int first, out int bytes)
        {
            bytes = run._lengths[first];
            return 1;
        }

        private int WriteControl(Span<byte> target, int partLength)
        {
            Control[..controlLength].CopyTo(target);
            if (partLength == 0)
                return controlLength;
            var used = controlLength
                + ControlMessages.Write(
                    target[controlLength..], NativeDatagrams.LevelUdp, NativeDatagrams.UdpSegment, sizeof(ushort), out var data);
            MemoryMarshal.Write(data, (ushort)partLength);
            return used;
        }
    }

    [InlineArray(DatagramReceiver.AddressSize)]
    private struct AddressBytes
    {
        private byte _first;
    }

    [InlineArray(64)]
    private struct ControlBytes
    {
        private byte _first;
    }
}

/// <summary>The result of sending a run.</summary>
/// <param name="Dropped">Datagrams that were not sent.</param>
/// <param name="Refused">How many ICMP answers to earlier datagrams were found while sending, each saying that nobody listens at the
/// destination.</param>
/// <param name="Error">Why the last dropped datagram was dropped.</param>
public readonly record struct DatagramResult(int Dropped, int Refused, SocketError Error);
