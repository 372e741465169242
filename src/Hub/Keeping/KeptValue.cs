using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Keeping;

/// <summary>
/// A value of the hub's state, made of a document. It is read without a lock and changed by one writer at a time; a change is kept before
/// it is in force. Where several hubs share the document, a change is made of the newest revision, and made anew when another hub was
/// faster, so that no change is lost; what others change is read when it is noticed.
/// </summary>
/// <typeparam name="T">The value; immutable.</typeparam>
internal sealed class KeptValue<T>
    where T : class
{
    // A conflict means that another hub has made a change meanwhile, so the hubs together get on. One that makes changes without a pause
    // can be faster a hundred times in a row; so many times, which take some ten seconds, are a fault.
    private const int MaxTries = 2_000;

    private readonly IDocumentKeeper _keeper;
    private readonly T _empty;
    private readonly SemaphoreSlim _writer = new(1, 1);
    private volatile T _current;
    private long _version;
    private long _revision = KeptDocument.Unknown;
    private bool _disposed;

    /// <param name="keeper">Keeps the document.</param>
    /// <param name="empty">The value while there is no document.</param>
    public KeptValue(IDocumentKeeper keeper, T empty)
    {
        _keeper = keeper;
        _current = _empty = empty;
    }

    /// <summary>Makes the value of a document; it throws an <see cref="OperatorException"/> when that is not whole.</summary>
    public required Func<byte[], T> Read { get; init; }

    public required Func<T, byte[]> Write { get; init; }

    /// <summary>Called with the old and the new value when that is in force, whoever made the change, one at a time and in order.</summary>
    public required Action<T, T> Applied { get; init; }

    /// <summary>Called at the end of each writer's turn, whatever came of it.</summary>
    public Action Finished { get; init; } = static () => { };

    /// <summary>The value in force.</summary>
    public T Current => _current;

    /// <summary>Grows after each change of the value.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>
    /// Reads the document at the start. Where one that hubs share is not whole, or is of a newer hub, the last known one is in force; what
    /// is wrong is told by whoever watches the shared place, and whoever wants to make a change.
    /// </summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="OperatorException">It can't be read, or is not whole, and there is no other one.</exception>
    public async Task<bool> OpenAsync(CancellationToken cancellationToken)
    {
        var document = await _keeper.OpenAsync(cancellationToken);
        _keeper.Watch(RefreshAsync);
        if (document.Content is not { } content)
        {
            _revision = document.Revision;
            return false;
        }

        try
        {
            _current = await Task.Run(() => Read(content), cancellationToken);
            await _keeper.KeepAsync(document);
            _revision = document.Revision;
        }
        catch (OperatorException)
        {
            // Its revision stays unknown, so that it is read again, and no change is made of it.
            if (await ReadCopyAsync(cancellationToken) is not { } known)
                throw;
            _current = known;
        }

        return true;
    }

    /// <summary>Makes a change.</summary>
    /// <param name="prepare">
    /// Makes the new value of the present one, and returns null when there is nothing to change; on the thread pool, and again with a newer
    /// value when another hub was faster.
    /// </param>
    /// <param name="cancellationToken">Cancels the change before anything is written.</param>
    /// <param name="unsaved">
    /// For a change that has to be in force even when it can't be kept: called with the reason; null: nothing is changed then.
    /// </param>
    /// <exception cref="OperatorException">The change could not be kept; nothing was changed.</exception>
    public async Task ChangeAsync(Func<T, T?> prepare, CancellationToken cancellationToken, Action<OperatorException>? unsaved = null)
    {
        await _writer.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            await ChangeInTurnAsync(prepare, unsaved, cancellationToken);
        }
        finally
        {
            Finished();
            _writer.Release();
        }
    }

    /// <summary>Ends all changes, and waits for the one that is under way.</summary>
    public async Task CloseAsync()
    {
        await _writer.WaitAsync();
        _disposed = true;
        _writer.Release();
    }

    private async Task<T?> ReadCopyAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _keeper.ReadCopyAsync(cancellationToken) is { } copy
                ? await Task.Run(() => Read(copy), cancellationToken)
                : null;
        }
        catch (OperatorException)
        {
            return null;
        }
    }

    private async Task ChangeInTurnAsync(Func<T, T?> prepare, Action<OperatorException>? unsaved, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            try
            {
                await RefreshInTurnAsync(cancellationToken);
            }
            catch (OperatorException) when (unsaved is not null)
            {
                // The error of the save says what is wrong.
            }

            // Working out a change may take long (slow hashes), and the caller may be on an I/O thread.
            var before = _current;
            if (await Task.Run(() => prepare(before), cancellationToken) is not { } after)
                return;
            if (await TrySaveAsync(after, unsaved, cancellationToken))
                return;
        }

        throw new StateUnavailableException($"Other hubs changed the {_keeper.Place} {MaxTries} times meanwhile. Try again.");
    }

    private async Task<bool> TrySaveAsync(T after, Action<OperatorException>? unsaved, CancellationToken cancellationToken)
    {
        try
        {
            if (await _keeper.SaveAsync(Write(after), _revision, cancellationToken) is not { } revision)
                return false;
            _revision = revision;
        }
        catch (OperatorException error) when (unsaved is not null)
        {
            unsaved(error);
        }

        Apply(after);
        return true;
    }

    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        await _writer.WaitAsync(cancellationToken);
        try
        {
            if (!_disposed)
                await RefreshInTurnAsync(cancellationToken);
        }
        finally
        {
            Finished();
            _writer.Release();
        }
    }

    private async Task RefreshInTurnAsync(CancellationToken cancellationToken)
    {
        if (await _keeper.ReadOtherAsync(_revision, cancellationToken) is not { } document)
            return;
        T value;
        try
        {
            value = document.Content is { } content ? Read(content) : _empty;
        }
        catch (OperatorException error) when (error is not StateUnavailableException)
        {
            throw new StateUnavailableException($"{error.Message} Until then the last known state stays in force.", error)
            {
                IsOfDocument = true,
            };
        }

        await _keeper.KeepAsync(document);
        _revision = document.Revision;
        Apply(value);
    }

    private void Apply(T after)
    {
        var before = _current;
        _current = after;
        Interlocked.Increment(ref _version);
        Applied(before, after);
    }
}
