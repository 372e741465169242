using System.Collections.Concurrent;

namespace Tunnel.Shared.Hosting.Logging;

/// <summary>
/// A <see cref="LogThrottle"/> for each key: an upstream that is down under load would otherwise write thousands of equal lines a second, or its line
/// would hide that of another. All such lines together are bounded by <see cref="BoundedLoggerFactory"/>.
/// </summary>
/// <typeparam name="TKey">Equal lines have equal keys.</typeparam>
/// <param name="time">The clock.</param>
/// <param name="interval">How long after a line there is no other of its key.</param>
public sealed class KeyedLogThrottle<TKey>(TimeProvider time, TimeSpan interval)
    where TKey : notnull
{
    private const int Capacity = 4096;
    private readonly ConcurrentDictionary<TKey, LogThrottle> _throttles = new();

    /// <summary>Whether to write the line.</summary>
    /// <param name="key">Of the line.</param>
    /// <param name="suppressed">Lines of this key not written since the last one; 0 when this is not written either.</param>
    public bool TryEnter(TKey key, out long suppressed)
    {
        if (_throttles.Count >= Capacity)
            _throttles.Clear();
        return _throttles.GetOrAdd(key, static (_, of) => new LogThrottle(of.time, of.interval), (time, interval)).TryEnter(out suppressed);
    }
}
