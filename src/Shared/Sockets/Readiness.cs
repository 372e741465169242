using System.Threading.Tasks.Sources;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Whether a socket can be read, or written, as far as edge-triggered events tell, and the one who waits for it. An event that comes while
/// nobody waits is remembered. One waiter at a time.
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

    /// <summary>Makes one.</summary>
    /// <param name="owner">Called on the loop's thread when what <see cref="TryAwait"/> waits for has come; null when tasks are
    /// awaited.</param>
    public Readiness(ISocketOwner? owner = null) => _owner = owner;

    /// <summary>Continuations of tasks run on the pool, not on the loop's thread: for what may take long.</summary>
    public bool UsesPool
    {
        get => _source.RunContinuationsAsynchronously;
        set => _source.RunContinuationsAsynchronously = value;
    }

    /// <summary>An event has come since the last <see cref="Clear"/>, or there will be no more.</summary>
    public bool IsReady => _isFinal || Volatile.Read(ref _state) == Ready;

    /// <summary>Before a system call that takes all there is: events up to now are answered by it.</summary>
    public void Clear() => Interlocked.CompareExchange(ref _state, Unknown, Ready);

    /// <summary>Begins to wait for an event.</summary>
    /// <returns>True when one has come since the last <see cref="Clear"/>: then nobody waits.</returns>
    public bool TryAwait()
    {
        if (_isFinal)
            return true;
        if (Interlocked.CompareExchange(ref _state, Awaited, Unknown) == Ready)
            return true;

        // The last event of all may have come in between, and found nobody.
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

    /// <summary>An event has come.</summary>
    /// <param name="isFinal">The socket is closed by its peer or by us: it stays ready, since the next call returns at once.</param>
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
