using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport.Mux.Core;

namespace Tunnel.Shared.Transport.Mux.Frames;

/// <summary>
/// The frames of the tunnel itself that wait to be sent, each kind bounded: one CONFIG (a newer one replaces the older), one GOAWAY,
/// sixteen REPORTs. All members are used with the tunnel's lock held.
/// </summary>
internal sealed class TunnelControl(MuxCore core) : MuxNode
{
    private const int MaxReports = 16;

    private readonly Queue<byte[]> _reports = new();
    private byte[]? _config;
    private byte[]? _goAway;

    public void Config(byte[] json)
    {
        _config = json;
        core.Scheduler.EnqueueControl(this, urgent: true);
    }

    public void GoAway(byte[] json)
    {
        _goAway = json;
        core.Scheduler.EnqueueControl(this, urgent: true);
    }

    /// <summary>Queues a report. When too many wait, the oldest is dropped.</summary>
    public void Report(byte[] json)
    {
        if (_reports.Count == MaxReports)
            _reports.Dequeue();
        _reports.Enqueue(json);
        core.Scheduler.EnqueueControl(this, urgent: true);
    }

    /// <summary>Writes the most urgent frame; the others follow in further turns, since each may be as large as a batch.</summary>
    public override int WriteControl(Span<byte> buffer)
    {
        if (Take(ref _config) is { } config)
            return Write(FrameType.Config, config, buffer);
        if (Take(ref _goAway) is { } goAway)
            return Write(FrameType.GoAway, goAway, buffer);
        return _reports.TryDequeue(out var report) ? Write(FrameType.Report, report, buffer) : 0;
    }

    public override bool HasMoreControl => _config is not null || _goAway is not null || _reports.Count > 0;

    /// <summary>Bytes that wait to be sent.</summary>
    public int QueuedBytes => Length(_config) + Length(_goAway) + _reports.Sum(Length);

    public override int WriteData(Span<byte> buffer, int limit, long now) => 0;

    private static int Length(byte[]? frame) => frame?.Length ?? 0;

    private static byte[]? Take(ref byte[]? field)
    {
        var value = field;
        field = null;
        return value;
    }

    private int Write(FrameType type, byte[] payload, Span<byte> buffer)
    {
        var header = new FrameHeader(0, type, (uint)payload.Length);
        var length = FrameHeader.Size + payload.Length;
        if (length <= buffer.Length)
        {
            header.Write(buffer);
            payload.CopyTo(buffer[FrameHeader.Size..]);
            return length;
        }

        var large = new byte[length];
        header.Write(large);
        payload.CopyTo(large.AsSpan(FrameHeader.Size));
        core.Large.Set(large);
        return 0;
    }
}
