using System.Collections.Immutable;
using System.Threading.Channels;

namespace Tunnel.Hub.Events;

/// <summary>
/// One reader's bounded share of the events. One that is too slow is given up: it comes back with the last id that it saw.
/// </summary>
internal sealed class EventSubscription : IDisposable
{
    public const int Capacity = 2048;

    private readonly Channel<EventEntry> _channel =
        Channel.CreateBounded<EventEntry>(
            new BoundedChannelOptions(Capacity) { SingleReader = true, AllowSynchronousContinuations = false });

    private readonly HubEventFeed _feed;
    private readonly CancellationTokenSource _tooSlow = new();

    /// <summary>Made under the feed's lock.</summary>
    public EventSubscription(HubEventFeed feed, ImmutableHashSet<string> types, ImmutableArray<EventEntry> missed)
    {
        _feed = feed;
        Types = types;
        TooSlow = _tooSlow.Token;
        foreach (var entry in missed.Where(entry => types.Contains(entry.Type)))
            _channel.Writer.TryWrite(entry);
    }

    /// <summary>What it asked for.</summary>
    public ImmutableHashSet<string> Types { get; }

    /// <summary>Ends with the hub.</summary>
    public ChannelReader<EventEntry> Events => _channel.Reader;

    /// <summary>The reader was given up: also a write that hangs is to end.</summary>
    public CancellationToken TooSlow { get; }

    /// <summary>Under the feed's lock: never waits.</summary>
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
        // Elsewhere: who waits for the token runs on the thread that cancels.
        if (_channel.Writer.TryComplete())
            _ = _tooSlow.CancelAsync();
    }
}
