namespace Tunnel.Hub.Forwarding.Adapting;

/// <summary>The latencies of the last connections: 1,000 at most, and none older than 60 s. Any thread may use it.</summary>
internal sealed class LatencyWindow(TimeProvider time)
{
    /// <summary>How many are kept.</summary>
    public const int Capacity = 1_000;

    /// <summary>How long they count.</summary>
    public static readonly TimeSpan Age = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private (long At, float Milliseconds)[] _samples = [];
    private int _count;
    private int _next;

    public void Add(TimeSpan latency)
    {
        lock (_lock)
        {
            // A range may have thousands of ports, few of which are busy.
            if (_count == _samples.Length && _count < Capacity)
                Array.Resize(ref _samples, Math.Clamp(_count * 2, 16, Capacity));
            _samples[_next] = (time.GetTimestamp(), (float)latency.TotalMilliseconds);
            _next = (_next + 1) % Capacity;
            _count = Math.Min(_count + 1, Capacity);
        }
    }

    /// <summary>Returns the milliseconds that 95 of 100 connections did not exceed; null: there was none.</summary>
    public double? P95()
    {
        float[] recent;
        lock (_lock)
        {
            var young = _samples.Take(_count).Where(sample => time.GetElapsedTime(sample.At) <= Age);
            recent = [.. young.Select(static sample => sample.Milliseconds)];
        }

        if (recent.Length == 0)
            return null;
        Array.Sort(recent);
        return recent[(int)Math.Ceiling(recent.Length * 0.95) - 1];
    }
}
