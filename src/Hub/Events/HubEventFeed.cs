using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Events;

/// <summary>
/// Where the hub's parts post what happens: one bounded queue, from which readers of the API and then the .NET events are served on a pool
/// thread.
/// </summary>
internal sealed class HubEventFeed
{
    /// <summary>Readers of the API at once.</summary>
    public const int MaxReaders = 64;

    private readonly Lock _lock = new();
    private readonly Action<HubEvent> _raise;
    private readonly EventQueue<HubEvent> _queue;
    private readonly EventHistory _history;
    private ImmutableArray<EventSubscription> _readers = [];
    private volatile bool _streamsRaised;
    private volatile bool _streamsRead;
    private bool _ended;

    /// <param name="raise">Raises the .NET event.</param>
    /// <param name="time">When the run began, for the events' ids.</param>
    /// <param name="logger">Where subscribers that throw are told.</param>
    public HubEventFeed(Action<HubEvent> raise, TimeProvider time, ILogger logger)
    {
        _raise = raise;
        _history = new EventHistory(time.GetUtcNow());
        _queue = new EventQueue<HubEvent>(Deliver, logger);
    }

    /// <summary>Events lost because subscribers were too slow.</summary>
    public long Dropped => _queue.Dropped;

    /// <summary>
    /// Whether anybody asked for the events of streams, of which there are thousands a second: else they need not be made.
    /// </summary>
    public bool StreamsWanted => _streamsRaised || _streamsRead;

    /// <summary>Whether the .NET events of streams have subscribers.</summary>
    public bool StreamsRaised
    {
        set => _streamsRaised = value;
    }

    /// <summary>Queues an event; never waits.</summary>
    public void Post(HubEvent raised) => _queue.Post(raised);

    /// <summary>Delivers until <see cref="Complete"/>, and what is queued then; readers end with it.</summary>
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
    /// <param name="types">Names of the events that it gets.</param>
    /// <param name="lastId">The last event that it saw: later ones that are kept come first. Null for new ones only.</param>
    /// <returns>Null when there are <see cref="MaxReaders"/> already.</returns>
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

    /// <summary>Takes a reader out.</summary>
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
        // Kept among the others, events of streams would push them out within a second.
        var isKept = !HubEventTypes.IsOfStreams(raised);
        if (!isKept && !_streamsRead)
            return;
        var json = JsonSerializer.Serialize(raised, raised.GetType(), EventJson.Default);
        var entry = new EventEntry(isKept ? _history.NextId : null, type, json);
        if (isKept)
            _history.Add(entry);
        foreach (var reader in _readers)
            reader.Offer(entry);
    }
}
