using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Events;

/// <summary>
/// Receives the events of the hub's parts in one bounded queue. A pool thread passes them to readers of the API and then to the .NET
/// events.
/// </summary>
internal sealed class HubEventFeed
{
    /// <summary>The number of API readers at once.</summary>
    public const int MaxReaders = 64;

    private static readonly EventJson Json = new(PlainJson.OptionsOf(EventJson.Default));

    private readonly Lock _lock = new();
    private readonly Action<HubEvent> _raise;
    private readonly EventQueue<HubEvent> _queue;
    private readonly EventHistory _history;
    private ImmutableArray<EventSubscription> _readers = [];
    private volatile bool _streamsRaised;
    private volatile bool _streamsRead;
    private bool _ended;

    /// <param name="raise">Raises the .NET event.</param>
    /// <param name="time">Gives the start of the run, for the events' ids.</param>
    /// <param name="logger">Receives the exceptions of subscribers.</param>
    public HubEventFeed(Action<HubEvent> raise, TimeProvider time, ILogger logger)
    {
        _raise = raise;
        _history = new EventHistory(time.GetUtcNow());
        _queue = new EventQueue<HubEvent>(Deliver, logger);
    }

    /// <summary>The number of events that were lost because subscribers were too slow.</summary>
    public long Dropped => _queue.Dropped;

    /// <summary>Whether anybody asked for the events of streams. There are thousands a second, so they are made only if wanted.</summary>
    public bool StreamsWanted => _streamsRaised || _streamsRead;

    /// <summary>Whether the .NET events of streams have subscribers.</summary>
    public bool StreamsRaised
    {
        set => _streamsRaised = value;
    }

    /// <summary>Queues an event; never waits.</summary>
    public void Post(HubEvent raised) => _queue.Post(raised);

    /// <summary>Delivers events until <see cref="Complete"/>, including those still queued then; readers end with it.</summary>
    public async Task RunAsync()
    {
        await _queue.RunAsync();
        lock (_lock)
        {
            _ended = true;
            foreach (var reader in _readers)
                reader.Complete();
        }
    }

    public void Complete() => _queue.Complete();

    /// <summary>Adds a reader.</summary>
    /// <param name="types">The names of the events that it gets.</param>
    /// <param name="lastId">The last event that it saw: later ones that are kept come first. Null: new events only.</param>
    /// <returns>Null when there are already <see cref="MaxReaders"/>.</returns>
    public EventSubscription? Subscribe(ImmutableHashSet<string> types, string? lastId)
    {
        lock (_lock)
        {
            if (_readers.Length >= MaxReaders)
                return null;
            var reader = new EventSubscription(this, types, lastId is null ? [] : _history.After(lastId));
            Change(_readers.Add(reader));
            if (_ended)
                reader.Complete();
            return reader;
        }
    }

    /// <summary>Removes a reader.</summary>
    public void Remove(EventSubscription reader)
    {
        lock (_lock)
            Change(_readers.Remove(reader));
    }

    private void Change(ImmutableArray<EventSubscription> readers)
    {
        _readers = readers;
        _streamsRead = readers.Any(reader => HubEventTypes.OfStreams.Any(reader.Types.Contains));
    }

    private void Deliver(HubEvent raised)
    {
        lock (_lock)
            Publish(raised);
        _raise(raised);
    }

    private void Publish(HubEvent raised)
    {
        var type = HubEventTypes.NameOf(raised);
        // If events of streams were kept among the others, they would push them out within a second.
        var isKept = !HubEventTypes.IsOfStreams(raised);
        if (!isKept && !_streamsRead)
            return;
        var json = JsonSerializer.Serialize(raised, raised.GetType(), Json);
        var entry = new EventEntry(isKept ? _history.NextId : null, type, json);
        if (isKept)
            _history.Add(entry);
        foreach (var reader in _readers)
            reader.Offer(entry);
    }
}
