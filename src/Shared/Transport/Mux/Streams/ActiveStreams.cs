namespace Tunnel.Shared.Transport.Mux.Streams;

/// <summary>
/// The streams of a tunnel that moved data in the last two seconds; the process counts them to share out windows. The tunnel's lock guards
/// them.
/// </summary>
internal sealed class ActiveStreams(FlowController flow)
{
    /// <summary>A stream stays active for this long after its last data (protocol.md section 4).</summary>
    public const long Milliseconds = 2_000;

    private readonly List<MuxStream> _streams = [];

    /// <summary>Whether <see cref="Touch"/> would change nothing that matters. May be called without the lock.</summary>
    public static bool IsFresh(MuxStream stream, long now) => stream.ActiveIndex >= 0 && now - stream.LastActive < Milliseconds / 4;

    /// <summary>Notes that data has moved.</summary>
    public void Touch(MuxStream stream, long now)
    {
        stream.LastActive = now;
        if (stream.ActiveIndex >= 0)
            return;
        stream.ActiveIndex = _streams.Count;
        _streams.Add(stream);
        flow.StreamBecameActive();
    }

    /// <summary>Removes a stream that has ended.</summary>
    public void Remove(MuxStream stream)
    {
        if (stream.ActiveIndex >= 0)
            RemoveAt(stream.ActiveIndex);
    }

    /// <summary>Removes and returns the streams that have become idle.</summary>
    public List<MuxStream> TakeIdle(long now)
    {
        var idle = new List<MuxStream>();
        for (var i = _streams.Count - 1; i >= 0; i--)
        {
            if (now - _streams[i].LastActive < Milliseconds)
                continue;
            idle.Add(_streams[i]);
            RemoveAt(i);
        }

        return idle;
    }

    /// <summary>Counts the active streams that move bulk; to be called every <see cref="Protocol.Flow.BulkMeter.Period"/>.</summary>
    public int CountBulk(long now)
    {
        var count = 0;
        foreach (var stream in _streams)
        {
            if (stream.Bulk.Sample(now, stream.BytesSent + stream.BytesReceived))
                count++;
        }

        return count;
    }

    /// <summary>Returns the numbers of the active streams that moved little when they were last counted.</summary>
    public IEnumerable<uint> Light() => _streams.Where(static stream => !stream.Bulk.IsHeavy).Select(static stream => stream.Id);

    private void RemoveAt(int index)
    {
        _streams[index].ActiveIndex = -1;
        if (index < _streams.Count - 1)
        {
            _streams[index] = _streams[^1];
            _streams[index].ActiveIndex = index;
        }

        _streams.RemoveAt(_streams.Count - 1);
        flow.StreamBecameIdle();
    }
}
