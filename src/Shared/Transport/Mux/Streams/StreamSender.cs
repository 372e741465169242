using Tunnel.Shared.Protocol.Flow;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport.Mux.Core;

namespace Tunnel.Shared.Transport.Mux.Streams;

/// <summary>
/// The sending half of a stream. When the scheduler chooses it, bytes go from the local socket straight behind a frame header in the batch;
/// between turns they wait in the kernel. The tunnel's lock guards it and is not held while the socket is read.
/// </summary>
internal sealed class StreamSender(MuxCore core, MuxStreams streams, MuxStream stream)
{
    private SendWindow _window = new(core.Terms.PeerInitialWindow);
    private RateMeter? _meter;
    private long _bytes;

    /// <summary>Bytes that went from the local peer into the tunnel.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>True while there is no credit; nothing is read until some comes.</summary>
    public bool WaitsForCredit { get; private set; }

    /// <summary>When the credit ran out, in milliseconds of the context's clock.</summary>
    public long WaitsSince { get; private set; }

    /// <summary>Handles WINDOW_UPDATE. Called with the lock held.</summary>
    /// <returns>False when it breaks the protocol.</returns>
    public bool OnCredit(uint bytes)
    {
        if (!_window.TryAdd(bytes))
            return false;
        if (bytes == 0 || !WaitsForCredit || !stream.State.CanSend)
            return true;
        WaitsForCredit = false;
        core.Context.Flow.AddStall(core.Context.NowMilliseconds - WaitsSince);
        core.Scheduler.EnqueueData(stream);
        return true;
    }

    /// <summary>Encodes the next DATA, or the end, like <see cref="MuxNode.WriteData"/>.</summary>
    public int Write(ILocalEndpoint endpoint, Span<byte> buffer, int limit, long now)
    {
        int room;
        lock (core.Sync)
        {
            if (!stream.State.CanSend)
            {
                core.Scheduler.RemoveData(stream);
                return 0;
            }

            room = (int)Math.Min(Math.Min(_window.Credit, limit), Math.Min(core.Terms.PeerMaxFrame, buffer.Length - FrameHeader.Size));
            if (room <= 0)
            {
                core.Scheduler.RemoveData(stream);
                WaitsForCredit = true;
                WaitsSince = now;
                stream.Life.OnBlocked();
            }
        }

        if (room <= 0)
        {
            endpoint.ParkRead();
            return 0;
        }

        return endpoint.TryRead(buffer.Slice(FrameHeader.Size, room), out var count) switch
        {
            LocalReadStatus.Data => OnRead(endpoint, buffer, count, room, now),
            LocalReadStatus.WouldBlock => OnDrained(endpoint, now),
            LocalReadStatus.EndOfFile => stream.OnLocalEnd(buffer),
            _ => stream.OnLocalReset(),
        };
    }

    /// <summary>Waits until the local peer has sent something. Called without the lock.</summary>
    public void Arm(ILocalEndpoint endpoint)
    {
        if (endpoint.ArmRead())
            stream.NotifyReadable();
    }

    private int OnRead(ILocalEndpoint endpoint, Span<byte> buffer, int count, int room, long now)
    {
        var drained = count < room;
        lock (core.Sync)
        {
            if (!stream.State.CanSend)
                return 0;
            _window.Take(count);
            _bytes += count;
            core.Traffic.CountSent(count);
            streams.Active.Touch(stream, now);
            core.Scheduler.ChargeData(stream, count);
            Measure(count, now);
            if (drained)
                GoIdle(now);
        }

        if (drained)
            Arm(endpoint);
        return FrameEncoder.Data(buffer, stream.Id, core.IsEdge, count);
    }

    private int OnDrained(ILocalEndpoint endpoint, long now)
    {
        lock (core.Sync)
            GoIdle(now);
        Arm(endpoint);
        return 0;
    }

    private void GoIdle(long now)
    {
        core.Scheduler.RemoveData(stream);
        _meter?.RecordIdle(now);
    }

    private void Measure(int count, long now)
    {
        if (_meter is null)
        {
            if (_bytes < RateMeter.MeteredBytes)
                return;
            _meter = new RateMeter(now);
        }

        if (!_meter.Record(now, count))
            return;
        core.Scheduler.RemoveData(stream);
        stream.Sustained = _meter.IsSustained;
        core.Scheduler.EnqueueData(stream);
    }
}
