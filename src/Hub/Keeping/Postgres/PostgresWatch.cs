namespace Tunnel.Hub.Keeping.Postgres;

/// <summary>
/// Has one thing in the database looked at whenever somebody may have changed it: one look at a time, and another one behind it where that
/// was asked for meanwhile. A look may take as long as a change of the same thing that is under way, such as one with many secrets, and
/// must hold up no other thing. It never throws; what came of it is asked for. Thread-safe.
/// </summary>
/// <param name="refresh">Looks.</param>
internal sealed class PostgresWatch(Func<CancellationToken, Task> refresh)
{
    private readonly Lock _lock = new();
    private Task _looking = Task.CompletedTask;
    private Exception? _failure;
    private bool _isLooking;
    private bool _isAsked;
    private volatile string? _unreadable;

    /// <summary>What is wrong with the document, by the last look that has ended; null: nothing.</summary>
    public string? Unreadable => _unreadable;

    /// <summary>Begins to look, or to look again where a look is under way.</summary>
    /// <returns>Ends when nothing more is to be looked at.</returns>
    public Task LookAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _isAsked = true;
            if (!_isLooking)
            {
                _isLooking = true;
                _looking = Task.Run(() => LookWhileAskedAsync(cancellationToken), CancellationToken.None);
            }

            return _looking;
        }
    }

    /// <summary>Takes why the last look failed that did; null: none has failed since this was asked.</summary>
    public Exception? TakeFailure() => Interlocked.Exchange(ref _failure, null);

    private async Task LookWhileAskedAsync(CancellationToken cancellationToken)
    {
        while (IsAsked())
        {
            try
            {
                await refresh(cancellationToken);
                _unreadable = null;
            }
            catch (StateUnavailableException error) when (error.IsOfDocument)
            {
                _unreadable = error.Message;
            }
            catch (Exception error)
            {
                Volatile.Write(ref _failure, error);
            }
        }
    }

    private bool IsAsked()
    {
        lock (_lock)
        {
            _isLooking = _isAsked;
            _isAsked = false;
            return _isLooking;
        }
    }
}
