using System.Buffers.Binary;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport.Quic.Connections;

namespace Tunnel.Shared.Transport.Quic.Control;

/// <summary>
/// The frames of the control stream that wait to be sent: <c>[type: 1][length: 4][payload]</c> (protocol.md section 6). Their number is
/// bounded: a newer PING, PONG or CONFIG replaces a waiting one, and the others are limited in number. Thread-safe.
/// </summary>
internal sealed class ControlSender
{
    public const int HeaderSize = 5;

    // The most bytes that msquic gets at once, so that a newer configuration can still replace an older one.
    private const int MaxInFlight = 256 << 10;
    private const int MaxWaiting = 8_192;

    private readonly Lock _lock = new();
    private readonly Queue<Frame> _waiting = new();
    private readonly Dictionary<FrameType, Frame> _replaceable = [];
    private readonly ControlChannel _channel;
    private readonly TransportContext _context;
    private readonly UnsentEndings _endings;
    private bool _closed;

    public ControlSender(ControlChannel channel, TransportContext context, bool isEdge)
    {
        _channel = channel;
        _context = context;
        _endings = UnsentEndings.For(isEdge);
        channel.OnSent = Flush;
    }

    /// <summary>
    /// Whether a session can be opened now, because few enough endings wait to be sent. If not, the hub waits with
    /// <see cref="WaitForEndingsAsync"/>.
    /// </summary>
    public bool TryPassOpening()
    {
        lock (_lock)
            return _endings.TryPass(_context.NowMilliseconds);
    }

    /// <summary>Completes when the peer has taken enough unsent endings, or when the tunnel has ended.</summary>
    public Task WaitForEndingsAsync()
    {
        lock (_lock)
            return _closed ? Task.CompletedTask : _endings.WaitAsync();
    }

    /// <summary>Why the tunnel must be ended, when its peer does not read; else null.</summary>
    public TunnelEnd? FindOverdue()
    {
        lock (_lock)
            return _endings.IsOverdue(_context.NowMilliseconds) ? _endings.End : null;
    }

    /// <summary>Completes all waits, because the tunnel has ended.</summary>
    public void Release()
    {
        lock (_lock)
            _endings.Release();
    }

    /// <summary>
    /// Queues a frame. There is always room for UDP_CLOSE, because a peer that did not get it would keep its session; the number of
    /// sessions and <see cref="UnsentEndings"/> limit these frames.
    /// </summary>
    /// <returns>False when too many wait and the frame was dropped.</returns>
    public bool Send(FrameType type, ReadOnlySpan<byte> payload)
    {
        var bytes = new byte[HeaderSize + payload.Length];
        bytes[0] = (byte)type;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(1), (uint)payload.Length);
        payload.CopyTo(bytes.AsSpan(HeaderSize));
        lock (_lock)
        {
            if (_closed)
                return false;
            if (_replaceable.TryGetValue(type, out var older))
            {
                older.Bytes = bytes;
                return true;
            }

            var isEnding = type == FrameType.UdpClose;
            if (_waiting.Count >= MaxWaiting && !isEnding)
                return false;
            if (isEnding)
                _endings.Add();
            var frame = new Frame(type, bytes);
            _waiting.Enqueue(frame);
            if (type is FrameType.Ping or FrameType.Pong or FrameType.Config)
                _replaceable.Add(type, frame);
        }

        Flush();
        return true;
    }

    /// <summary>Completes when all frames have arrived, or when the connection has ended.</summary>
    public async Task WhenSentAsync()
    {
        while (true)
        {
            await _channel.WhenSentAsync();
            lock (_lock)
            {
                if (_waiting.Count == 0 || _closed)
                    return;
            }
        }
    }

    // The lock keeps the frames in order; msquic only queues what it gets.
    private void Flush()
    {
        lock (_lock)
        {
            while (!_closed && _waiting.Count > 0 && _channel.InFlight < MaxInFlight)
            {
                var frame = _waiting.Dequeue();
                _replaceable.Remove(frame.Type);
                if (frame.Type == FrameType.UdpClose)
                    _endings.OnSent(_context.NowMilliseconds);
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
