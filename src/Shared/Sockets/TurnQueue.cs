using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Work that a peer can cause with a few bytes, such as a dial. It is done on an event loop's thread, a few pieces in each round, one piece
/// per peer in turn. So work that is already under way, for all peers, goes on before the next piece, however many are queued. The caller
/// limits how many may wait, and for how long.
/// </summary>
public sealed class TurnQueue
{
    /// <summary>Pieces of work per round. More would not be done sooner: a round ends at once when there is nothing else to do.</summary>
    public const int PerRound = 8;

    private const string Work = "a dial in its turn";

    private readonly EventLoop _loop;
    private readonly Lock _lock = new();
    private readonly Turns<string, Action> _waiting = new();
    private volatile bool _pumping;
    private long _round;
    private int _left;

    internal TurnQueue(EventLoop loop) => _loop = loop;

    /// <summary>Runs a piece of work in its turn: at once when this is a loop's thread and nothing waits.</summary>
    /// <param name="peer">The peer for which the work is done.</param>
    /// <param name="work">The work, which must not block.</param>
    public static void Run(string peer, Action work) => (EventLoop.Current ?? EventLoops.Next()).Turns.Add(peer, work);

    /// <summary>Runs a piece of work like <see cref="Run"/>, unless too many pieces of this peer wait already.</summary>
    /// <param name="peer">The peer for which the work is done.</param>
    /// <param name="most">The most pieces of this peer that may wait.</param>
    /// <param name="work">The work, which must not block.</param>
    /// <returns>False when the work was not accepted.</returns>
    public static bool TryRun(string peer, int most, Action work) => (EventLoop.Current ?? EventLoops.Next()).Turns.Add(peer, work, most);

    internal bool Add(string peer, Action work, int most = int.MaxValue)
    {
        if (_loop.IsCurrent && !_pumping && TryTakeRoom())
        {
            Defects.Run(Work, work);
            return true;
        }

        lock (_lock)
        {
            if (_waiting.CountOf(peer) >= most)
                return false;
            _waiting.Add(peer, work);
            if (_pumping)
                return true;
            _pumping = true;
        }

        PumpAsync().Guard("taking turns");
        return true;
    }

    private async Task PumpAsync()
    {
        do
            await _loop.Yield();
        while (RunSome());
    }

    /// <returns>False when nothing waits any more.</returns>
    private bool RunSome()
    {
        while (TryTakeRoom())
        {
            Action? next;
            lock (_lock)
            {
                if (!_waiting.TryTake(out next))
                {
                    _pumping = false;
                    return false;
                }
            }

            Defects.Run(Work, next);
        }

        return true;
    }

    // Only the loop's thread calls this.
    private bool TryTakeRoom()
    {
        if (_round != _loop.Round)
            (_round, _left) = (_loop.Round, PerRound);
        return _left-- > 0;
    }
}
