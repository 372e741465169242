using System.Collections.Immutable;
using System.Threading.Channels;
using Tunnel.Shared.Guarding;

namespace Tunnel.Hub.Events;

/// <summary>
/// One reader's bounded queue of events. A reader that is too slow is cut off; it may come back with the last id that it saw.
/// </summary>
internal sealed class EventSubscription : IDisposable
{
    public const int Capacity = 2048;

    private readonly Channel<EventEntry> _channel =
        Channel.CreateBounded<EventEntry>(
            new BoundedChannelOptions(Capacity) { SingleReader = true, AllowSynchronousContinuations = false });

    private readonly HubEventFeed _feed;
    private readonly CancellationTokenSource _tooSlow = new();

    /// <summary>Creates the queue with the events that the reader missed. Called under the feed's lock.</summary>
    public EventSubscription(HubEventFeed feed, ImmutableHashSet<string> types, ImmutableArray<EventEntry> missed)
    {
        _feed = feed;
        Types = types;
        TooSlow = _tooSlow.Token;
        foreach (var entry in missed.Where(entry => types.Contains(entry.Type)))
            _channel.Writer.TryWrite(entry);
    }

    /// <summary>The types of events that the reader asked for.</summary>
    public ImmutableHashSet<string> Types { get; }

    /// <summary>The queued events; ends with the hub.</summary>
    public ChannelReader<EventEntry> Events => _channel.Reader;

    /// <summary>Fires when the reader is cut off, so that a write that hangs ends too.</summary>
    public CancellationToken TooSlow { get; }

    /// <summary>Queues an event if the reader wants it; never waits. Called under the feed's lock.</summary>
    public void Offer(EventEntry entry)
    {
        if (Types.Contains(entry.Type) && !_channel.Writer.TryWrite(entry))
            GiveUp();
    }

    public void Complete() => _channel.Writer.TryComplete();

    /// <inheritdoc/>
    public void Dispose()
    {
        _feed.Remove(this);
        _tooSlow.Dispose();
    }

    private void GiveUp()
    {
        // The source is cancelled on another thread, because code that waits for the token runs on the thread that cancels.
        if (_channel.Writer.TryComplete())
            _tooSlow.CancelAsync().Guard("ending a subscription");
    }
}
