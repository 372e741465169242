using Tunnel.Shared.Guarding;

namespace Tunnel.Edge.Connecting.Awaiting;

/// <summary>
/// Brings the connections that the hub has made together with the wishes for one. A wish that nobody has met is told to the hub again and
/// again; a connection that nobody wished for waits, since the hub may know of a loss that this edge has not noticed.
/// </summary>
/// <remarks>
/// The hub makes no further connection while one waits here. So those that wait are given back once somebody wishes for a new one.
/// </remarks>
/// <typeparam name="T">The connections.</typeparam>
/// <param name="ask">Asks the hub for so many connections.</param>
/// <param name="unexpected">Is told of a connection that nobody wished for.</param>
/// <param name="time">The clock.</param>
internal sealed class Rendezvous<T>(Action<int> ask, Action unexpected, TimeProvider time) : IDisposable
    where T : class
{
    /// <summary>How long wishes are gathered before the hub is asked.</summary>
    internal static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(20);

    /// <summary>The time between two questions at least: the hub takes a limited number of reports.</summary>
    internal static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);

    /// <summary>How often the hub is asked again.</summary>
    internal static readonly TimeSpan Repeat = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly LinkedList<Wish> _wishes = new();
    private readonly LinkedList<Offer> _offers = new();
    private ITimer? _timer;
    private long? _askedAt;
    private long _arrived;
    private bool _isDisposed;

    /// <summary>Waits for a connection.</summary>
    /// <param name="isFirst">Whether it comes before other wishes: a tunnel before its further lanes.</param>
    /// <param name="isNew">Whether it must have come after this call.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<T> WantAsync(bool isFirst, bool isNew, CancellationToken cancellationToken)
    {
        Wish wish;
        lock (_lock)
        {
            // The newest connection is taken: those that have waited longest are the first that the hub gives up.
            if (!isNew && _offers.Last is { } newest)
            {
                _offers.Remove(newest);
                newest.Value.Taken.TrySetResult();
                return newest.Value.Connection;
            }

            wish = new Wish(isNew ? _arrived : 0);
            if (isNew)
                GiveBackAll();
            if (isFirst)
                _wishes.AddFirst(wish);
            else
                _wishes.AddLast(wish);
            AskSoon();
        }

        using var giveUp = cancellationToken.UnsafeRegister(_ => Withdraw(wish, cancellationToken), null);
        return await wish.Met.Task;
    }

    /// <summary>Numbers a connection that has just come.</summary>
    public long Arrive() => Interlocked.Increment(ref _arrived);

    /// <summary>Waits until a connection is wanted.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="number">Its number, from <see cref="Arrive"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OperationCanceledException">
    /// Nobody wanted it, or nobody can any more, or it was given back for a new one; it is still the caller's.
    /// </exception>
    public async Task OfferAsync(T connection, long number, CancellationToken cancellationToken)
    {
        Offer offer;
        lock (_lock)
        {
            for (var node = _wishes.First; node is not null; node = node.Next)
            {
                if (node.Value.After >= number)
                    continue;
                _wishes.Remove(node);
                node.Value.Met.TrySetResult(connection);
                return;
            }

            if (_isDisposed || _wishes.Count > 0)
                throw new OperationCanceledException();
            offer = new Offer(connection);
            _offers.AddLast(offer);
        }

        unexpected();
        using var giveUp = cancellationToken.UnsafeRegister(_ => Withdraw(offer, cancellationToken), null);
        await offer.Taken.Task;
    }

    /// <summary>Stops asking, and gives back the connections that wait.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _timer?.Dispose();
            GiveBackAll();
        }
    }

    // Called under the lock.
    private void GiveBackAll()
    {
        foreach (var offer in _offers)
            offer.Taken.TrySetCanceled();
        _offers.Clear();
    }

    private void Withdraw(Wish wish, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_wishes.Remove(wish))
                wish.Met.TrySetCanceled(cancellationToken);
        }
    }

    private void Withdraw(Offer offer, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_offers.Remove(offer))
                offer.Taken.TrySetCanceled(cancellationToken);
        }
    }

    // Called under the lock.
    private void AskSoon()
    {
        var due = _askedAt is { } asked && Pace - time.GetElapsedTime(asked) is var rest && rest > Gathering ? rest : Gathering;
        _timer ??= time.CreateGuardedTimer(static self => self.Ask(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(due, Repeat);
    }

    private void Ask()
    {
        int count;
        lock (_lock)
        {
            count = _wishes.Count;
            if (count == 0)
                _timer!.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            else
                _askedAt = time.GetTimestamp();
        }

        if (count > 0)
            ask(count);
    }

    private sealed class Wish(long after)
    {
        public long After => after;

        public TaskCompletionSource<T> Met { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Offer(T connection)
    {
        public T Connection => connection;

        public TaskCompletionSource Taken { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
