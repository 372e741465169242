using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Work that a peer has us do for a few bytes, such as a dial: done on an event loop's thread, a few pieces in each of its rounds, the
/// peers one after the other. So what is under way already, everybody's, has its turn before the next piece, however many are asked for.
/// Whoever asks bounds how many wait, and for how long.
/// </summary>
public sealed class TurnQueue
{
    /// <summary>Pieces in a round. More would not be done sooner: a round ends at once when there is nothing else to do.</summary>
    public const int PerRound = 8;

    private const string Work = "a dial in its turn";

    private readonly EventLoop _loop;
    private readonly Lock _lock = new();
    private readonly Turns<string, Action> _waiting = new();
    private volatile bool _pumping;
    private long _round;
    private int _left;

    internal TurnQueue(EventLoop loop) => _loop = loop;

    /// <summary>Does a piece of work when it is its turn: at once where this is a loop's thread and nobody waits.</summary>
    /// <param name="peer">Whose it is.</param>
    /// <param name="work">Must not block.</param>
    public static void Run(string peer, Action work) => (EventLoop.Current ?? EventLoops.Next()).Turns.Add(peer, work);

    /// <summary>The same, unless too much of this peer waits already.</summary>
    /// <param name="peer">Whose it is.</param>
    /// <param name="most">So much may wait, of this piece's.</param>
    /// <param name="work">Must not block.</param>
    /// <returns>False when it is not done.</returns>
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

        _ = PumpAsync();
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

    // On the loop's thread alone.
    private bool TryTakeRoom()
    {
        if (_round != _loop.Round)
            (_round, _left) = (_loop.Round, PerRound);
        return _left-- > 0;
    }
}
