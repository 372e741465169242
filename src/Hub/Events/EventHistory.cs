using System.Collections.Immutable;
using System.Globalization;

namespace Tunnel.Hub.Events;

/// <summary>
/// The last events, for readers that come back. Not thread-safe. An id consists of the run's start and the event's number in it, so that
/// a reader that outlived a restart of the hub is recognized as one that has seen nothing of this run.
/// </summary>
internal sealed class EventHistory(DateTimeOffset start)
{
    public const int Capacity = 1000;

    private readonly Queue<(long Number, EventEntry Entry)> _kept = new();
    private readonly string _run = start.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
    private long _last;

    /// <summary>The id that the next event gets.</summary>
    public string NextId => string.Create(CultureInfo.InvariantCulture, $"{_run}-{_last + 1}");

    /// <summary>Keeps an event that has <see cref="NextId"/>; the oldest is dropped when there are too many.</summary>
    public void Add(EventEntry entry)
    {
        if (_kept.Count == Capacity)
            _kept.Dequeue();
        _kept.Enqueue((++_last, entry));
    }

    /// <summary>Returns the events after the one with this id; all that are kept when the id is of another run or too old.</summary>
    public ImmutableArray<EventEntry> After(string id)
    {
        var seen = id.Split('-') is [var run, var number] && run == _run
            && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var found)
            ? found
            : 0;
        return [.. _kept.SkipWhile(kept => kept.Number <= seen).Select(kept => kept.Entry)];
    }
}
