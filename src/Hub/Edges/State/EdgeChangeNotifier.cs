using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Edges.Allowed;

namespace Tunnel.Hub.Edges.State;

/// <summary>
/// Reports changes on the pool, one at a time and in order, however slow the listeners are. What happens in the meantime is merged into
/// one change, so that the waiting changes are bounded by the number of edges.
/// </summary>
internal sealed class EdgeChangeNotifier(ILogger logger)
{
    private readonly Lock _lock = new();
    private Dictionary<string, EdgeDiffKind>? _pending;
    private bool _running;

    public event Action<EdgeSetChange>? Changed;

    public void Notify(EdgeSetChange change)
    {
        if (change.IsEmpty)
            return;
        lock (_lock)
        {
            _pending ??= new Dictionary<string, EdgeDiffKind>(StringComparer.Ordinal);
            Merge(change.Added, EdgeDiffKind.Added);
            Merge(change.Updated, EdgeDiffKind.Changed);
            Merge(change.Removed, EdgeDiffKind.Removed);
            if (_running)
                return;
            _running = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(_ => Run(), null);
    }

    private void Merge(ImmutableArray<string> ids, EdgeDiffKind kind)
    {
        foreach (var id in ids)
        {
            // An edge that was removed and added again is reported as changed, because what the listeners hold belongs to the removed
            // edge. (New and then changed is "changed" too: the edge may have connected in between.)
            var isBack = kind == EdgeDiffKind.Added && _pending!.GetValueOrDefault(id, kind) == EdgeDiffKind.Removed;
            _pending![id] = isBack ? EdgeDiffKind.Changed : kind;
        }
    }

    private void Run()
    {
        while (true)
        {
            Dictionary<string, EdgeDiffKind> pending;
            lock (_lock)
            {
                if (_pending is null)
                {
                    _running = false;
                    return;
                }

                (pending, _pending) = (_pending, null);
            }

            Raise(pending);
        }
    }

    private void Raise(Dictionary<string, EdgeDiffKind> pending)
    {
        ImmutableArray<string> Ids(EdgeDiffKind kind) => [.. pending.Where(entry => entry.Value == kind).Select(entry => entry.Key)];
        var change = new EdgeSetChange(Ids(EdgeDiffKind.Added), Ids(EdgeDiffKind.Changed), Ids(EdgeDiffKind.Removed));
        foreach (var handler in Changed?.GetInvocationList() ?? [])
        {
            try
            {
                ((Action<EdgeSetChange>)handler)(change);
            }
            catch (Exception error)
            {
                // A fault in one listener must not keep the others from learning of a removed edge.
                EdgesLog.ListenerFailed(logger, error);
            }
        }
    }
}
