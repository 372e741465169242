namespace Tunnel.Shared.Protocol.Scheduling;

/// <summary>
/// Chooses what a tunnel sends next (protocol.md section 5): control first, but a data frame after 64 KiB of it in a row; then normal streams,
/// round robin by bytes; then sustained streams, which get a small share even while others wait.
/// Within the normal tier a flow that was quiet goes ahead of those that have been sending (deficit round robin with new and old flows, RFC 8290
/// section 4.2), so that a keystroke does not wait for a turn of every download. Pure: no clock, no I/O, not thread-safe.
/// </summary>
public sealed class TierScheduler
{
    /// <summary>Bytes of control in a row after which one data frame goes.</summary>
    public const int ControlBurst = 64 << 10;

    /// <summary>Bytes that a flow may send in its turn while others wait: two TLS records.</summary>
    public const int Quantum = 32 << 10;

    /// <summary>Sustained streams get at least this many bytes a second, or a fifth of what flows, whichever is less.</summary>
    public const int SustainedFloor = 1_000_000;

    private readonly NodeList _fresh = new();
    private readonly NodeList _normal = new();
    private readonly NodeList _sustained = new();
    private SchedulerNode? _firstControl;
    private SchedulerNode? _lastControl;
    private int _controlInRow;
    private long _round;
    private int _servedInRound;

    // What sustained streams are owed: by time (the floor) and by share. The smaller counts; both are capped, so no burst builds up.
    private double _owedByTime;
    private double _owedByShare;
    private long _lastMilliseconds = long.MinValue;

    /// <summary>True when something waits.</summary>
    public bool HasWork => _firstControl is not null || HasData;

    private bool HasData => _fresh.First is not null || _normal.First is not null || _sustained.First is not null;

    /// <summary>Flows whose data waits.</summary>
    public int ReadyFlows => _fresh.Count + _normal.Count + _sustained.Count;

    /// <summary>The node has control frames to send. Does nothing when it is queued already.</summary>
    /// <param name="node">Whose.</param>
    /// <param name="urgent">Ahead of what waits.</param>
    public void EnqueueControl(SchedulerNode node, bool urgent = false)
    {
        if (node.InControl) return;
        node.InControl = true;
        if (urgent)
        {
            node.NextControl = _firstControl;
            _firstControl = node;
            _lastControl ??= node;
            return;
        }

        node.NextControl = null;
        if (_lastControl is null) _firstControl = node;
        else _lastControl.NextControl = node;
        _lastControl = node;
    }

    /// <summary>The node has data to send. Does nothing when it is queued already.</summary>
    public void EnqueueData(SchedulerNode node)
    {
        if (node.IsReady) return;
        if (node.Sustained)
        {
            node.Deficit = Quantum;
            _sustained.AddLast(node);
        }
        else if (node.LeftInRound == _round && node.Deficit <= 0)
        {
            // It used up its turn in this very round: no second one for having paused.
            _normal.AddLast(node);
        }
        else
        {
            if (node.LeftInRound != _round) node.Deficit = Quantum;
            _fresh.AddLast(node);
        }
    }

    /// <summary>The node has no data to send any more.</summary>
    public void RemoveData(SchedulerNode node)
    {
        if (node.List is null) return;
        node.List.Remove(node);
        node.LeftInRound = _round;
    }

    /// <summary>Chooses. The caller sends and then charges what it sent.</summary>
    /// <param name="nowMilliseconds">The present time on any monotonic clock.</param>
    /// <returns>What to do; <see cref="SchedulerTurn.None"/> when nothing waits.</returns>
    public SchedulerTurn Next(long nowMilliseconds)
    {
        if (_firstControl is { } control && (_controlInRow < ControlBurst || !HasData)) return new SchedulerTurn(control, 0);
        Accrue(nowMilliseconds);
        var node = NextData();
        return node is null ? SchedulerTurn.None : new SchedulerTurn(node, ReadyFlows == 1 ? int.MaxValue : Math.Max(node.Deficit, 1));
    }

    /// <summary>The control frames of the node chosen last are out.</summary>
    /// <param name="node">Which must be the first in the queue.</param>
    /// <param name="bytes">What they took.</param>
    public void ChargeControl(SchedulerNode node, int bytes)
    {
        _firstControl = node.NextControl;
        if (_firstControl is null) _lastControl = null;
        node.NextControl = null;
        node.InControl = false;
        _controlInRow += bytes;
    }

    /// <summary>Data of the node chosen last is out; the node stays queued until <see cref="RemoveData"/>.</summary>
    public void ChargeData(SchedulerNode node, int bytes)
    {
        _controlInRow = 0;
        node.Deficit -= bytes;
        var sustained = node.List == _sustained || (node.List is null && node.Sustained);
        if (sustained)
        {
            _owedByTime = Math.Max(0, _owedByTime - bytes);
            _owedByShare = Math.Max(0, _owedByShare - bytes);
        }
        else if (_sustained.First is not null)
        {
            _owedByShare = Math.Min(_owedByShare + (bytes / 4.0), 4 * Quantum);
        }

        if (!sustained && ++_servedInRound > _normal.Count)
        {
            _servedInRound = 0;
            _round++;
        }
    }

    private SchedulerNode? NextData()
    {
        if (_sustained.First is not null && Math.Min(_owedByTime, _owedByShare) >= Quantum) return NextOf(_sustained);
        while (_fresh.First is { } node)
        {
            if (node.Deficit > 0) return node;
            Rotate(node, _fresh, _normal);
        }

        return NextOf(_normal) ?? NextOf(_sustained);
    }

    private static SchedulerNode? NextOf(NodeList list)
    {
        while (list.First is { } node)
        {
            if (node.Deficit > 0) return node;
            Rotate(node, list, list);
        }

        return null;
    }

    // A single frame may overdraw, so one quantum is not always enough to come back above zero.
    private static void Rotate(SchedulerNode node, NodeList from, NodeList to)
    {
        node.Deficit = Math.Max(node.Deficit, -Quantum) + Quantum;
        from.Remove(node);
        to.AddLast(node);
    }

    private void Accrue(long now)
    {
        if (_sustained.First is null || _lastMilliseconds == long.MinValue) _owedByTime = _owedByShare = 0;
        else _owedByTime = Math.Min(_owedByTime + ((now - _lastMilliseconds) * (SustainedFloor / 1000.0)), 4 * Quantum);
        _lastMilliseconds = now;
    }
}

/// <summary>A choice of the scheduler.</summary>
/// <param name="Node">Whose turn it is, or null.</param>
/// <param name="Bytes">0: its control frames. Else: at most this many bytes of its data.</param>
public readonly record struct SchedulerTurn(SchedulerNode? Node, int Bytes)
{
    /// <summary>Nothing waits.</summary>
    public static SchedulerTurn None => default;

    /// <summary>True when control frames are to be sent.</summary>
    public bool IsControl => Node is not null && Bytes == 0;
}
