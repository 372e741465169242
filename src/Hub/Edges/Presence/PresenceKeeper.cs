using System.Collections.Immutable;
using Tunnel.Shared.Guarding;

namespace Tunnel.Hub.Edges.Presence;

/// <summary>
/// Writes when each edge was seen: every minute while anything can have changed, and at the stop. After a kill, the times of connected
/// edges are at most a minute old.
/// </summary>
internal sealed class PresenceKeeper : IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly EdgePresences _presences;
    private readonly PresenceFile _file;
    private readonly ITimer _timer;
    private ImmutableSortedDictionary<string, EdgePresence>? _saved;
    private bool _started;

    /// <summary>Takes over what the last run left of the edges that are still allowed.</summary>
    public PresenceKeeper(EdgePresences presences, PresenceFile file, Func<string, bool> isAllowed, TimeProvider time)
    {
        _presences = presences;
        _file = file;
        presences.Restore(file.Load().Where(edge => isAllowed(edge.Key)).ToDictionary());
        _timer = time.CreateGuardedTimer(
            static self =>
                Task.Run(self.Save).Guard("saving when edges were seen"), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Starts to write every minute.</summary>
    public void Start()
    {
        _started = true;
        _timer.Change(Interval, Interval);
    }

    /// <summary>Stops without writing, since the file is another process's now.</summary>
    public void Leave()
    {
        _timer.Dispose();
        _started = false;
    }

    /// <summary>Stops, and writes for the last time.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        if (_started)
            Save();
        _started = false;
    }

    /// <summary>Writes what has changed.</summary>
    public void Save()
    {
        lock (_lock)
        {
            var now = _presences.Snapshot();
            // A hub whose edges are all away has nothing new to write.
            if (_saved is not null && now.SequenceEqual(_saved))
                return;
            _file.Save(now);
            _saved = now;
        }
    }
}
