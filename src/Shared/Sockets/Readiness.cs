using System.Threading.Tasks.Sources;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Whether a socket can be read, or written, as far as edge-triggered events show, and the caller that waits for it. An event that comes
/// while nobody waits is remembered. There may be one waiter at a time.
/// </summary>
internal sealed class Readiness : IValueTaskSource
{
    private const int Unknown = 0;
    private const int Ready = 1;
    private const int Awaited = 2;

    private readonly ISocketOwner? _owner;
    private ManualResetValueTaskSourceCore<bool> _source;
    private CancellationTokenRegistration _cancellation;
    private int _state;
    private volatile bool _isFinal;

    /// <summary>Creates the state for one direction of a socket.</summary>
    /// <param name="owner">Called on the loop's thread when the event for which <see cref="TryAwait"/> waits has come; null when tasks are
    /// awaited.</param>
    public Readiness(ISocketOwner? owner = null) => _owner = owner;

    /// <summary>True when continuations of tasks run on the thread pool and not on the loop's thread, because they may take long.</summary>
    public bool UsesPool
    {
        get => _source.RunContinuationsAsynchronously;
        set => _source.RunContinuationsAsynchronously = value;
    }

    /// <summary>True when an event has come since the last <see cref="Clear"/>, or when no more will come.</summary>
    public bool IsReady => _isFinal || Volatile.Read(ref _state) == Ready;

    /// <summary>Forgets the events so far. Call this before a system call that takes everything there is and so answers them.</summary>
    public void Clear() => Interlocked.CompareExchange(ref _state, Unknown, Ready);

    /// <summary>Starts to wait for an event.</summary>
    /// <returns>True when one has come since the last <see cref="Clear"/>: then no wait has started.</returns>
    public bool TryAwait()
    {
        if (_isFinal)
            return true;
        if (Interlocked.CompareExchange(ref _state, Awaited, Unknown) == Ready)
            return true;

        // The final event may have come in between, when nobody was waiting yet.
        return _isFinal && Interlocked.CompareExchange(ref _state, Ready, Awaited) == Awaited;
    }

    /// <summary>Completes with the next event, or at once when one has come already.</summary>
    public ValueTask WaitAsync(CancellationToken cancellationToken = default)
    {
        _source.Reset();
        var task = new ValueTask(this, _source.Version);
        if (TryAwait())
            return ValueTask.CompletedTask;
        if (cancellationToken.CanBeCanceled)
            _cancellation = cancellationToken.UnsafeRegister(static (state, token) => ((Readiness)state!).Cancel(token), this);
        return task;
    }

    /// <summary>Notes an event and completes the wait for it.</summary>
    /// <param name="isFinal">True when the socket was closed by its peer or by us: it then stays ready, since the next call returns at
    /// once.</param>
    public void Signal(bool isFinal)
    {
        if (isFinal)
            _isFinal = true;
        while (true)
        {
            var before = Volatile.Read(ref _state);
            if (before == Ready)
                return;
            if (Interlocked.CompareExchange(ref _state, Ready, before) != before)
                continue;
            if (before == Awaited)
                Complete();
            return;
        }
    }

    void IValueTaskSource.GetResult(short token)
    {
        _cancellation.Dispose();
        _cancellation = default;
        _source.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private void Complete()
    {
        if (_owner is not null)
            _owner.OnReadable();
        else
            _source.SetResult(true);
    }

    private void Cancel(CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref _state, Unknown, Awaited) == Awaited)
            _source.SetException(new OperationCanceledException(cancellationToken));
    }
}
