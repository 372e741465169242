using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Tunnel.Hub;

/// <summary>
/// Brings events from the I/O threads to subscribers, in order and one at a time, on a pool thread. A slow subscriber fills the queue and then
/// loses the newest events, which is counted; it never holds up traffic. One that throws is logged.
/// </summary>
internal sealed class HubEventQueue(Action<HubEvent> deliver, ILogger logger)
{
    private const int Capacity = 4096;

    private readonly Channel<HubEvent> _channel =
        Channel.CreateBounded<HubEvent>(new BoundedChannelOptions(Capacity) { SingleReader = true, AllowSynchronousContinuations = false });

    private long _dropped;
    private bool _streamsWanted;

    /// <summary>Events lost because subscribers were too slow.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Whether anybody subscribed to the events of streams, of which there are thousands a second.</summary>
    public bool StreamsWanted
    {
        get => Volatile.Read(ref _streamsWanted);
        set => Volatile.Write(ref _streamsWanted, value);
    }

    /// <summary>Queues an event; never waits.</summary>
    public void Post(HubEvent hubEvent)
    {
        if (!_channel.Writer.TryWrite(hubEvent))
            Interlocked.Increment(ref _dropped);
    }

    /// <summary>Delivers until <see cref="Complete"/>, and what is queued then.</summary>
    public async Task RunAsync()
    {
        await foreach (var hubEvent in _channel.Reader.ReadAllAsync())
        {
            try
            {
                deliver(hubEvent);
            }
            catch (Exception e)
            {
                HubLog.SubscriberFailed(logger, e, hubEvent.GetType().Name);
            }
        }
    }

    public void Complete() => _channel.Writer.TryComplete();
}
