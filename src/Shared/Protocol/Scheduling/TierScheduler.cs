namespace Tunnel.Shared.Protocol.Scheduling;

/// <summary>
/// Chooses what a tunnel sends next (protocol.md section 5). Control goes first, but one data frame follows after 8 KiB of it in a row.
/// Normal streams come next, round robin by bytes, and then sustained streams, which get a small share even while others wait. Within the
/// normal tier a flow that was quiet goes ahead of those that have been sending (deficit round robin with new and old flows, RFC 8290
/// section 4.2), so that a keystroke does not wait for a turn of every download. The scheduler has no clock and no I/O, and is not
/// thread-safe.
/// </summary>
public sealed class TierScheduler
{
    /// <summary>
    /// The bytes of control in a row after which one data frame goes: about a hundred OPENs. A keystroke must not wait for thousands of
    /// them, neither on a slow link nor until the hub has handled each.
    /// </summary>
    public const int ControlBurst = 8 << 10;

    /// <summary>
    /// The bytes that a flow may send in its turn while others wait: four TLS records, which are one send of the tunnel and one of the
    /// peer's.
    /// </summary>
    public const int Quantum = 64 << 10;

    /// <summary>Sustained streams get at least this many bytes a second, or a fifth of what flows, whichever is less.</summary>
    public const int SustainedFloor = 1_000_000;

    /// <summary>
    /// The bytes of flows that were quiet, in a row, after which one frame of the others goes, so that endless new flows starve nobody.
    /// </summary>
    public const int FreshBurst = 4 * Quantum;

    // The rest of a turn that did not fit into a batch is not worth a frame of its own, so it is added to the next turn. Among flows that
    // have been sending this may be up to half a turn: a batch then carries one flow's frame, which the peer passes on with one call,
    // rather than the end of one and the beginning of the next.
    private const int SmallestFreshTurn = 1 << 10;
    private const int SmallestTurn = Quantum / 2;

    private readonly NodeList _fresh = new();
    private readonly NodeList _normal = new();
    private readonly NodeList _sustained = new();
    private SchedulerNode? _firstControl;
    private SchedulerNode? _lastControl;
    private int _controlInRow;
    private int _freshInRow;

    // The marker rotates with the flows: each time it reaches the front, all of them have had a turn.
    private readonly RoundMarker _marker = new();
    private long _round;

    // What sustained streams are owed, by time (the floor) and by share. The smaller one counts; both are capped, so no burst builds up.
    private double _owedByTime;
    private double _owedByShare;
    private long _lastMilliseconds = long.MinValue;

    /// <summary>Creates an empty scheduler.</summary>
    public TierScheduler() => _normal.AddLast(_marker);

    /// <summary>True when something waits.</summary>
    public bool HasWork => HasControl || HasData;

    /// <summary>True when control waits.</summary>
    public bool HasControl => _firstControl is not null;

    /// <summary>True when data waits.</summary>
    public bool HasData => ReadyFlows > 0;

    /// <summary>The number of flows whose data waits.</summary>
    public int ReadyFlows => _fresh.Count + NormalCount + _sustained.Count;

    /// <summary>How many of these belong to the sustained tier.</summary>
    public int ReadySustained => _sustained.Count;

    private int NormalCount => _normal.Count - 1;

    /// <summary>Queues a node that has control frames to send. Does nothing when it is already queued.</summary>
    /// <param name="node">The node.</param>
    /// <param name="urgent">Whether the node goes ahead of those that wait.</param>
    public void EnqueueControl(SchedulerNode node, bool urgent = false)
    {
        if (node.InControl)
            return;
        node.InControl = true;
        if (urgent)
        {
            node.NextControl = _firstControl;
            _firstControl = node;
            _lastControl ??= node;
            return;
        }

        node.NextControl = null;
        if (_lastControl is null)
            _firstControl = node;
        else
            _lastControl.NextControl = node;
        _lastControl = node;
    }

    /// <summary>Queues a node that has data to send. Does nothing when it is already queued.</summary>
    public void EnqueueData(SchedulerNode node)
    {
        if (node.IsReady)
            return;
        if (node.Sustained)
        {
            node.Deficit = Quantum;
            _sustained.AddLast(node);
            return;
        }

        // The node is treated as if it had stayed: it gets a turn for each round that has passed, of which at most one is saved up. So a
        // pause gains nothing, and what a large datagram took too much is paid back.
        node.Deficit = (int)Math.Min(Quantum, node.Deficit + ((_round - node.LeftInRound) * Quantum));
        (node.Deficit >= SmallestFreshTurn ? _fresh : _normal).AddLast(node);
    }

    /// <summary>Removes a node that has no more data to send.</summary>
    public void RemoveData(SchedulerNode node)
    {
        if (node.List is null)
            return;
        node.List.Remove(node);
        node.LeftInRound = _round;
    }

    /// <summary>Chooses what to send next. The caller sends it, and then charges the node for what it sent.</summary>
    /// <param name="nowMilliseconds">The current time in milliseconds on any monotonic clock.</param>
    /// <param name="takesData">False to let data wait.</param>
    /// <returns>The choice; <see cref="SchedulerTurn.None"/> when nothing waits that may go.</returns>
    public SchedulerTurn Next(long nowMilliseconds, bool takesData = true)
    {
        if (_firstControl is { } control && (_controlInRow < ControlBurst || !takesData || !HasData))
            return new SchedulerTurn(control, 0);
        if (!takesData)
            return SchedulerTurn.None;
        Accrue(nowMilliseconds);
        var node = NextData();
        return node is null ? SchedulerTurn.None : new SchedulerTurn(node, ReadyFlows == 1 ? int.MaxValue : node.Deficit);
    }

    /// <summary>Charges the node that was chosen last for the control frames that it sent.</summary>
    /// <param name="node">The node, which must be the first in the queue.</param>
    /// <param name="bytes">The bytes of those frames.</param>
    public void ChargeControl(SchedulerNode node, int bytes)
    {
        _firstControl = node.NextControl;
        if (_firstControl is null)
            _lastControl = null;
        node.NextControl = null;
        node.InControl = false;
        _controlInRow = Math.Min(_controlInRow + bytes, ControlBurst);
    }

    /// <summary>Charges the node that was chosen last for the data that it sent; it stays queued until <see cref="RemoveData"/>.</summary>
    public void ChargeData(SchedulerNode node, int bytes)
    {
        _controlInRow = 0;
        _freshInRow = node.List == _fresh && NormalCount > 0 ? _freshInRow + bytes : 0;

        // A node that sends alone takes nothing from others, so it owes no more than the turn that it had.
        node.Deficit = ReadyFlows == 1 ? Math.Max(0, node.Deficit - bytes) : node.Deficit - bytes;
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
    }

    private SchedulerNode? NextData()
    {
        if (_sustained.First is not null && Math.Min(_owedByTime, _owedByShare) >= Quantum)
            return NextSustained();
        while (_fresh.First is { } node && (_freshInRow < FreshBurst || NormalCount == 0))
        {
            if (node.Deficit >= SmallestFreshTurn)
                return node;
            Rotate(node, _fresh, _normal);
        }

        return NextNormal() ?? NextSustained();
    }

    private SchedulerNode? NextNormal()
    {
        while (NormalCount > 0)
        {
            var node = _normal.First!;
            if (node == _marker)
            {
                _round++;
                _normal.Remove(node);
                _normal.AddLast(node);
            }
            else if (node.Deficit >= SmallestTurn)
            {
                return node;
            }
            else
            {
                Rotate(node, _normal, _normal);
            }
        }

        return null;
    }

    private SchedulerNode? NextSustained()
    {
        while (_sustained.First is { } node)
        {
            if (node.Deficit >= SmallestTurn)
                return node;
            Rotate(node, _sustained, _sustained);
        }

        return null;
    }

    // A single frame may overdraw, so one quantum is not always enough to come back above zero.
    private static void Rotate(SchedulerNode node, NodeList from, NodeList to)
    {
        node.Deficit += Quantum;
        from.Remove(node);
        to.AddLast(node);
    }

    private void Accrue(long now)
    {
        if (_sustained.First is null || _lastMilliseconds == long.MinValue)
            _owedByTime = _owedByShare = 0;
        else
            _owedByTime = Math.Min(_owedByTime + ((now - _lastMilliseconds) * (SustainedFloor / 1000.0)), 4 * Quantum);
        _lastMilliseconds = now;
    }

    private sealed class RoundMarker : SchedulerNode;
}

/// <summary>The scheduler's choice.</summary>
/// <param name="Node">Whose turn it is, or null.</param>
/// <param name="Bytes">0 to send the node's control frames, else the most bytes of its data to send.</param>
public readonly record struct SchedulerTurn(SchedulerNode? Node, int Bytes)
{
    /// <summary>The choice when nothing waits.</summary>
    public static SchedulerTurn None => default;

    /// <summary>True when control frames are to be sent.</summary>
    public bool IsControl => Node is not null && Bytes == 0;
}
