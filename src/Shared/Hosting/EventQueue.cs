using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// Brings events from the I/O threads to subscribers, in order and one at a time, on a pool thread. A slow subscriber fills the queue and
/// then loses the newest events, which is counted; it never holds up traffic. One that throws is logged.
/// </summary>
/// <param name="deliver">Takes one event; may block and throw.</param>
/// <param name="logger">Where a throwing subscriber is told.</param>
/// <param name="capacity">Events that may wait, at least 1.</param>
public sealed class EventQueue<TEvent>(Action<TEvent> deliver, ILogger logger, int capacity = EventQueue<TEvent>.DefaultCapacity)
{
    /// <summary>Events that may wait when nothing else is said.</summary>
    public const int DefaultCapacity = 4096;

    private readonly Channel<TEvent> _channel =
        Channel.CreateBounded<TEvent>(new BoundedChannelOptions(capacity) { SingleReader = true, AllowSynchronousContinuations = false });

    private long _dropped;

    /// <summary>Events lost because subscribers were too slow.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Queues an event; never waits. One that comes after <see cref="Complete"/> is dropped.</summary>
    public void Post(TEvent raised)
    {
        if (!_channel.Writer.TryWrite(raised))
            Interlocked.Increment(ref _dropped);
    }

    /// <summary>Delivers until <see cref="Complete"/>, and what is queued then; called once.</summary>
    public async Task RunAsync()
    {
        await foreach (var raised in _channel.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                deliver(raised);
            }
            catch (Exception error)
            {
                HostingLog.SubscriberFailed(logger, error, raised!.GetType().Name);
            }
        }
    }

    /// <summary>No more events come.</summary>
    public void Complete() => _channel.Writer.TryComplete();
}
