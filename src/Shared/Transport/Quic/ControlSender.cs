using System.Buffers.Binary;
using Tunnel.Shared.Protocol.Frames;

namespace Tunnel.Shared.Transport.Quic;

/// <summary>
/// The frames of the control stream that wait to be sent: <c>[type: 1][length: 4][payload]</c> (protocol.md section 6). Bounded: of PING, PONG and CONFIG a
/// newer one takes the waiting one's place, the others are limited in number. Thread-safe.
/// </summary>
internal sealed class ControlSender
{
    public const int HeaderSize = 5;

    // More is not given to msquic at once, so that a newer configuration can still take an older one's place.
    private const int MaxInFlight = 256 << 10;
    private const int MaxWaiting = 8_192;

    private readonly Lock _lock = new();
    private readonly Queue<Frame> _waiting = new();
    private readonly Dictionary<FrameType, Frame> _replaceable = [];
    private readonly ControlChannel _channel;
    private bool _closed;

    public ControlSender(ControlChannel channel)
    {
        _channel = channel;
        channel.OnSent = Flush;
    }

    /// <summary>Queues a frame.</summary>
    /// <returns>False when too many wait; then it is dropped.</returns>
    public bool Send(FrameType type, ReadOnlySpan<byte> payload)
    {
        var bytes = new byte[HeaderSize + payload.Length];
        bytes[0] = (byte)type;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(1), (uint)payload.Length);
        payload.CopyTo(bytes.AsSpan(HeaderSize));
        lock (_lock)
        {
            if (_closed) return false;
            if (_replaceable.TryGetValue(type, out var older))
            {
                older.Bytes = bytes;
                return true;
            }

            if (_waiting.Count >= MaxWaiting) return false;
            var frame = new Frame(type, bytes);
            _waiting.Enqueue(frame);
            if (type is FrameType.Ping or FrameType.Pong or FrameType.Config) _replaceable.Add(type, frame);
        }

        Flush();
        return true;
    }

    /// <summary>Completes when all has arrived, or the connection is over.</summary>
    public async Task WhenSentAsync()
    {
        while (true)
        {
            await _channel.WhenSentAsync();
            lock (_lock)
            {
                if (_waiting.Count == 0 || _closed) return;
            }
        }
    }

    // The lock keeps the order; msquic only queues what it is given.
    private void Flush()
    {
        lock (_lock)
        {
            while (!_closed && _waiting.Count > 0 && _channel.InFlight < MaxInFlight)
            {
                var frame = _waiting.Dequeue();
                _replaceable.Remove(frame.Type);
                _closed = !_channel.Send(frame.Bytes);
            }
        }
    }

    private sealed class Frame(FrameType type, byte[] bytes)
    {
        public FrameType Type { get; } = type;

        public byte[] Bytes { get; set; } = bytes;
    }
}
