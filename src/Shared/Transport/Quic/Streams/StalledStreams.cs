using System.Collections.Concurrent;

namespace Tunnel.Shared.Transport.Quic.Streams;

/// <summary>
/// Finds the streams whose peer has taken nothing for a while though more waits for it, so that they get a lower priority. For each packet
/// msquic walks over the streams in the order of their priorities until it finds one that it may send for, and then over all others of the
/// same priority: thousands of stalled ones among the others would cost each packet thousands of steps (docs/performance.md).
/// </summary>
internal sealed class StalledStreams(TransportContext context)
{
    /// <summary>A stream that is blocked is stalled after this long without progress.</summary>
    public const long PatienceMilliseconds = 200;

    private readonly ConcurrentQueue<(OutputPriority Stream, long Since)> _blocked = new();

    /// <summary>Looks after a stream that is blocked, until <see cref="OutputPriority.Review"/> returns false.</summary>
    public void Watch(OutputPriority stream) => _blocked.Enqueue((stream, context.NowMilliseconds));

    /// <summary>
    /// Looks at the streams that were blocked long enough ago. Called on a worker of msquic, one call at a time. While nothing happens on
    /// the connection, there is nothing that stalled streams could hold up.
    /// </summary>
    public void Check()
    {
        if (_blocked.IsEmpty)
            return;
        var now = context.NowMilliseconds;
        while (_blocked.TryPeek(out var oldest) && now - oldest.Since >= PatienceMilliseconds)
        {
            _blocked.TryDequeue(out _);
            if (oldest.Stream.Review(now))
                _blocked.Enqueue((oldest.Stream, now));
        }
    }
}
