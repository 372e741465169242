using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// Delivers events from the I/O threads to subscribers, in order and one at a time, on a pool thread. If a subscriber is slow, the queue
/// fills and the newest events are dropped and counted; traffic never waits for it. An exception of a subscriber is logged.
/// </summary>
/// <param name="deliver">Handles one event; may block and throw.</param>
/// <param name="logger">Where a subscriber's exceptions are logged.</param>
/// <param name="capacity">How many events may wait, at least 1.</param>
public sealed class EventQueue<TEvent>(Action<TEvent> deliver, ILogger logger, int capacity = EventQueue<TEvent>.DefaultCapacity)
{
    /// <summary>How many events may wait by default.</summary>
    public const int DefaultCapacity = 4096;

    private readonly Channel<TEvent> _channel =
        Channel.CreateBounded<TEvent>(new BoundedChannelOptions(capacity) { SingleReader = true, AllowSynchronousContinuations = false });

    private long _dropped;

    /// <summary>How many events were lost because subscribers were too slow.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Queues an event without waiting. An event that comes after <see cref="Complete"/> is dropped.</summary>
    public void Post(TEvent raised)
    {
        if (!_channel.Writer.TryWrite(raised))
            Interlocked.Increment(ref _dropped);
    }

    /// <summary>Delivers events until <see cref="Complete"/>, and then what is still queued; to be called once.</summary>
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

    /// <summary>Ends the queue: no more events are accepted.</summary>
    public void Complete() => _channel.Writer.TryComplete();
}
