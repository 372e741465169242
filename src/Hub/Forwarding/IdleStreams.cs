using System.Collections.Concurrent;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding;

/// <summary>
/// Ends streams in which nothing has passed either way for their port's idle time-out. One sweep a second looks at counters that streams
/// have anyway, so the path of the bytes does no work for it. A stream ends at most one interval late.
/// </summary>
internal sealed class IdleStreams : IDisposable
{
    internal static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<ITunnelStream, Watch> _watched = new();
    private readonly TimeProvider _time;
    private readonly ITimer _sweep;

    public IdleStreams(TimeProvider time)
    {
        _time = time;
        _sweep = time.CreateGuardedTimer(static self => self.Sweep(), this, SweepInterval, SweepInterval);
    }

    public int Count => _watched.Count;

    /// <summary>Begins to watch a stream.</summary>
    public void Add(ITunnelStream stream, TimeSpan timeout) =>
        _watched.TryAdd(stream, new Watch(timeout) { Changed = _time.GetTimestamp() });

    /// <summary>Stops watching a stream that has ended.</summary>
    public void Remove(ITunnelStream stream) => _watched.TryRemove(stream, out _);

    /// <inheritdoc/>
    public void Dispose() => _sweep.Dispose();

    private void Sweep()
    {
        var now = _time.GetTimestamp();
        foreach (var (stream, watch) in _watched)
        {
            var bytes = stream.BytesSent + stream.BytesReceived;
            if (bytes != watch.Bytes)
                (watch.Bytes, watch.Changed) = (bytes, now);
            else if (_time.GetElapsedTime(watch.Changed, now) >= watch.Timeout)
                stream.Reset(ResetReason.IdleTimeout);
        }
    }

    private sealed class Watch(TimeSpan timeout)
    {
        public TimeSpan Timeout => timeout;

        public long Bytes { get; set; }

        public long Changed { get; set; }
    }
}
