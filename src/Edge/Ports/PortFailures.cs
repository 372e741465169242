using System.Collections;
using Tunnel.Edge.Endpoints;

namespace Tunnel.Edge.Ports;

/// <summary>
/// The ports that are not bound, and why, in ascending order. Consecutive ports with the same reason are one run, since there may be
/// 131,070 of them: beyond the limit of ports, all ports of both protocols.
/// </summary>
internal sealed class PortFailures : IEnumerable<(PortRun Ports, string Error)>
{
    private readonly List<(PortRun Ports, string Error)> _runs;

    public PortFailures() => _runs = [];

    private PortFailures(PortFailures others)
    {
        _runs = [.. others._runs];
        Count = others.Count;
    }

    /// <summary>The number of ports.</summary>
    public int Count { get; private set; }

    /// <summary>Why a port is not bound; null when it is not in this collection.</summary>
    public string? this[PortKey port] => Find(port) is var index && Has(index, port) ? _runs[index].Error : null;

    /// <summary>Creates a copy.</summary>
    public PortFailures Copy() => new(this);

    /// <summary>Notes why a port is not bound.</summary>
    /// <returns>False when the port was already noted with this error.</returns>
    public bool Set(PortKey port, string error)
    {
        if (this[port] == error)
            return false;
        Remove(port);
        var next = Find(port) + 1;
        var run = new PortRun(port.Protocol, port.Number, port.Number);
        if (Follows(next - 1, run, error))
        {
            run = run with { First = _runs[--next].Ports.First };
            _runs.RemoveAt(next);
        }

        if (next < _runs.Count && _runs[next] is var after && after.Error == error && IsNext(run, after.Ports))
        {
            run = run with { Last = after.Ports.Last };
            _runs.RemoveAt(next);
        }

        _runs.Insert(next, (run, error));
        Count++;
        return true;
    }

    /// <summary>Forgets a port if it is in the collection.</summary>
    public void Remove(PortKey port)
    {
        var index = Find(port);
        if (!Has(index, port))
            return;
        var (run, error) = _runs[index];
        _runs.RemoveAt(index);
        if (run.Last > port.Number)
            _runs.Insert(index, (run with { First = port.Number + 1 }, error));
        if (run.First < port.Number)
            _runs.Insert(index, (run with { Last = port.Number - 1 }, error));
        Count--;
    }

    /// <summary>Forgets all ports.</summary>
    public void Clear()
    {
        _runs.Clear();
        Count = 0;
    }

    /// <summary>Each port that is in the collection now; later changes do not affect the sequence.</summary>
    public IEnumerable<PortKey> Ports => _runs.ToArray().SelectMany(
        static run =>
            Enumerable.Range(run.Ports.First, run.Ports.Last - run.Ports.First + 1).Select(
                number => new PortKey(run.Ports.Protocol, number)));

    public IEnumerator<(PortRun Ports, string Error)> GetEnumerator() => _runs.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static bool IsNext(PortRun run, PortRun after) => after.Protocol == run.Protocol && after.First == run.Last + 1;

    private bool Follows(int index, PortRun run, string error) =>
        index >= 0 && _runs[index] is var before && before.Error == error && IsNext(before.Ports, run);

    private bool Has(int index, PortKey port) => index >= 0 && _runs[index].Ports.Contains(port);

    /// <returns>The index of the last run that begins at the port or before it; -1 when there is none.</returns>
    private int Find(PortKey port)
    {
        var (low, high) = (0, _runs.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (new PortKey(_runs[middle].Ports.Protocol, _runs[middle].Ports.First).CompareTo(port) <= 0)
                low = middle + 1;
            else
                high = middle;
        }

        return low - 1;
    }
}
