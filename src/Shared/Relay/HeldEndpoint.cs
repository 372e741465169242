using Tunnel.Shared.Transport;

namespace Tunnel.Shared.Relay;

/// <summary>
/// The local end of a stream whose real one is not known yet: it keeps the first bytes for whoever decides about them, and gives them to
/// the real end before all others. What does not fit waits in the tunnel, within its credit.
/// </summary>
public sealed class HeldEndpoint : ILocalEndpoint
{
    private const int FirstSize = 2 << 10;

    private readonly Lock _lock = new();
    private readonly int _limit;
    private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ITunnelStream? _stream;
    private volatile ILocalEndpoint? _inner;
    private TaskCompletionSource? _change;
    private byte[] _bytes = [];
    private int _count;
    private bool _joining;
    private bool _armed;
    private bool _parked;
    private bool _ended;
    private bool _closed;
    private bool _reset;
    private bool _flush;

    /// <summary>Creates an endpoint that holds nothing.</summary>
    /// <param name="limit">The most bytes that it keeps.</param>
    public HeldEndpoint(int limit) => _limit = limit;

    /// <summary>Whether the client has ended its bytes, or is gone: no more will be held.</summary>
    public bool HasEnded
    {
        get
        {
            lock (_lock)
                return _ended || _closed;
        }
    }

    /// <summary>The bytes that are held now. They stay as they are, and later ones are behind them.</summary>
    public ReadOnlyMemory<byte> Held
    {
        get
        {
            lock (_lock)
                return _bytes.AsMemory(0, _count);
        }
    }

    /// <summary>Waits until more than so many bytes are held, or no more will be. One caller at a time.</summary>
    public async ValueTask WaitAsync(int count, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task change;
            lock (_lock)
            {
                if (_count > count || _ended || _closed || _count == _limit)
                    return;
                change = (_change ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await change.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Gives the real end what is held and all that follows. To be called once.</summary>
    public async ValueTask JoinAsync(ILocalEndpoint inner)
    {
        ReadOnlyMemory<byte> held;
        lock (_lock)
        {
            _joining = true;
            held = _bytes.AsMemory(0, _count);
        }

        inner.Start(_stream!);
        // When the real end takes nothing any more, its next read or write shows it.
        if (!held.IsEmpty)
            await inner.WriteAsync(held);
        bool armed, parked, ended, closed, reset;
        lock (_lock)
        {
            (_inner, _bytes) = (inner, []);
            (armed, parked, ended, closed, reset) = (_armed, _parked, _ended, _closed, _reset);
        }

        _joined.TrySetResult();
        if (reset)
        {
            inner.Reset(_flush);
        }
        else if (closed)
        {
            inner.Close();
        }
        else
        {
            if (ended)
                inner.ShutdownWrite();
            if (armed)
                _stream!.NotifyReadable();
            else if (parked)
                inner.ParkRead();
        }
    }

    /// <inheritdoc/>
    public void Start(ITunnelStream stream) => _stream = stream;

    /// <inheritdoc/>
    public LocalReadStatus TryRead(Span<byte> buffer, out int count)
    {
        count = 0;
        return _inner is { } inner ? inner.TryRead(buffer, out count) : LocalReadStatus.WouldBlock;
    }

    /// <inheritdoc/>
    public bool ArmRead()
    {
        lock (_lock)
        {
            if (_inner is null)
            {
                (_armed, _parked) = (true, false);
                return false;
            }
        }

        return _inner.ArmRead();
    }

    /// <inheritdoc/>
    public void ParkRead()
    {
        lock (_lock)
        {
            if (_inner is null)
            {
                (_armed, _parked) = (false, true);
                return;
            }
        }

        _inner.ParkRead();
    }

    /// <inheritdoc/>
    public int TryWrite(ReadOnlySpan<byte> data)
    {
        if (_inner is { } inner)
            return inner.TryWrite(data);
        lock (_lock)
        {
            if (_inner is null)
                return Hold(data);
        }

        return _inner.TryWrite(data);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data)
    {
        if (_inner is null)
        {
            var taken = TryWrite(data.Span);
            if (taken < 0)
                return false;
            data = data[taken..];
            if (data.IsEmpty)
                return true;
            await _joined.Task;
        }

        return _inner is { } inner && await inner.WriteAsync(data);
    }

    /// <inheritdoc/>
    public void ShutdownWrite()
    {
        if (!Note(ref _ended))
            _inner!.ShutdownWrite();
    }

    /// <inheritdoc/>
    public void Close()
    {
        if (!Note(ref _closed))
            _inner!.Close();
    }

    /// <inheritdoc/>
    public void Reset(bool flush)
    {
        lock (_lock)
        {
            if (_inner is null)
                (_reset, _flush) = (true, flush);
        }

        if (Note(ref _closed))
        {
            // Nobody may ever join, and what waits to be written must not wait for that.
            if (!_joining)
                _joined.TrySetResult();
        }
        else
        {
            _inner!.Reset(flush);
        }
    }

    // Remembers what happens before the real end is there.
    private bool Note(ref bool what)
    {
        lock (_lock)
        {
            if (_inner is not null)
                return false;
            what = true;
            _change?.TrySetResult();
            _change = null;
            return true;
        }
    }

    // Called with the lock held.
    private int Hold(ReadOnlySpan<byte> data)
    {
        if (_closed)
            return -1;
        if (_joining)
            return 0;
        var taken = Math.Min(data.Length, _limit - _count);
        if (_count + taken > _bytes.Length)
        {
            // The old array stays as it is, since somebody may be reading it.
            var larger = new byte[Math.Min(_limit, Math.Max(FirstSize, 2 * (_count + taken)))];
            _bytes.AsSpan(0, _count).CopyTo(larger);
            _bytes = larger;
        }

        data[..taken].CopyTo(_bytes.AsSpan(_count));
        _count += taken;
        _change?.TrySetResult();
        _change = null;
        return taken;
    }
}
