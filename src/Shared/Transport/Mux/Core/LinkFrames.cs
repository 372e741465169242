using System.Buffers.Binary;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol.Frames;

namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>
/// The frames that concern a lane's present connection and not what it carries: HELLO, RESUME, ACK, PING, PONG and PROBE. They are not
/// counted, not kept and never sent again; each is written at the beginning of a batch. All members are used with the lane's lock held.
/// </summary>
internal sealed class LinkFrames(MuxCore core) : IDisposable
{
    private ITimer? _timer;
    private byte[]? _hello;
    private byte[]? _resume;
    private byte[]? _last;
    private byte[]? _ping;
    private byte[]? _pong;
    private bool _probe;
    private bool _ackDue;
    private bool _ackTimed;
    private long _acknowledged;

    /// <summary>Whether a type is one of these frames.</summary>
    public static bool Has(FrameType type) =>
        type is FrameType.Hello or FrameType.Resume or FrameType.Ack or FrameType.Ping or FrameType.Pong or FrameType.Probe;

    /// <summary>True when one of them waits.</summary>
    public bool HasWork => _hello is not null || _last is not null || _resume is not null || _ping is not null || _pong is not null
        || _probe || _ackDue;

    /// <summary>True when a frame waits behind which nothing else may be sent.</summary>
    public bool HasLast => _last is not null;

    /// <summary>Bytes that wait to be sent.</summary>
    public int QueuedBytes => Length(_hello) + Length(_resume) + Length(_last) + Length(_ping) + Length(_pong);

    public void Hello(byte[] json) => _hello = json;

    /// <summary>Queues RESUME as the last frame that this end sends on its connection.</summary>
    public void ResumeAndStop(byte[] packed) => _last = packed;

    /// <summary>Queues a RESUME after which this end goes on.</summary>
    public void Resume(byte[] packed) => _resume = packed;

    /// <summary>Queues PING, which asks the peer for a sign of life.</summary>
    public void Ping()
    {
        var context = core.Context;
        _ping = core.Liveness.MakePing(context.NowMilliseconds, context.Time.GetTimestamp(), empty: !core.Terms.IsExtended);
    }

    public void Pong(byte[] payload) => _pong = payload;

    public void Probe() => _probe = true;

    /// <summary>Notes that something was received, which is acknowledged soon.</summary>
    public void OnReceived(long received)
    {
        if (received - _acknowledged >= AckPace.AtOnce)
        {
            _ackDue = true;
        }
        else if (!_ackTimed && received > _acknowledged)
        {
            _ackTimed = true;
            _timer ??= core.Context.Time.CreateGuardedTimer(
                static self => self.OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(AckPace.Delay, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Drops what concerned the previous connection. RESUME has told the peer what was received.</summary>
    public void OnAttached(long received)
    {
        (_hello, _resume, _last, _ping, _pong, _probe, _ackDue) = (null, null, null, null, null, false, false);
        _acknowledged = received;
    }

    /// <summary>Writes what waits. An ACK goes along when anything goes.</summary>
    /// <returns>Bytes written.</returns>
    public int Write(Span<byte> batch)
    {
        var used = Write(batch, FrameType.Hello, ref _hello);
        if (_last is not null)
            return used + Write(batch[used..], FrameType.Resume, ref _last);
        used += Write(batch[used..], FrameType.Resume, ref _resume);
        used += Write(batch[used..], FrameType.Ping, ref _ping);
        used += Write(batch[used..], FrameType.Pong, ref _pong);
        if (_probe)
            used += Header(batch[used..], FrameType.Probe, 0);
        _probe = false;
        if (core.Kept.IsOn && core.Received > _acknowledged && (_ackDue || core.Scheduler.HasWork))
        {
            _acknowledged = core.Received;
            BinaryPrimitives.WriteInt64BigEndian(batch[(used + FrameHeader.Size)..], _acknowledged);
            used += Header(batch[used..], FrameType.Ack, sizeof(long));
        }

        _ackDue = false;
        return used;
    }

    /// <inheritdoc/>
    public void Dispose() => _timer?.Dispose();

    private void OnTimer()
    {
        lock (core.Sync)
        {
            _ackTimed = false;
            _ackDue = core.Received > _acknowledged;
        }

        core.Wake();
    }

    private static int Length(byte[]? frame) => frame?.Length ?? 0;

    private static int Write(Span<byte> batch, FrameType type, ref byte[]? payload)
    {
        if (payload is not { } bytes)
            return 0;
        payload = null;
        bytes.CopyTo(batch[FrameHeader.Size..]);
        return Header(batch, type, bytes.Length);
    }

    private static int Header(Span<byte> batch, FrameType type, int length)
    {
        new FrameHeader(0, type, (uint)length).Write(batch);
        return FrameHeader.Size + length;
    }
}
