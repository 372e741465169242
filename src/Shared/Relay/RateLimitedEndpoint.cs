using Tunnel.Shared.Transport;

namespace Tunnel.Shared.Relay;

/// <summary>
/// Limits the rate at which bytes are read from a local end. Since the transport pulls, nothing is buffered here: bytes that may not pass
/// yet stay in the kernel, and TCP itself slows the peer.
/// </summary>
public sealed class RateLimitedEndpoint : ILocalEndpoint, IPaced
{
    private readonly ILocalEndpoint _inner;
    private readonly ByteBucket _bucket;
    private readonly Pacer _pacer;
    private ITunnelStream? _stream;
    private int _waiting;

    /// <summary>Wraps a local end and limits the rate of its reads.</summary>
    /// <param name="inner">The endpoint that reads and writes the bytes.</param>
    /// <param name="bytesPerSecond">The most bytes that may be read per second, at least 1.</param>
    /// <param name="context">The state that the process's tunnels share.</param>
    public RateLimitedEndpoint(ILocalEndpoint inner, int bytesPerSecond, TransportContext context)
    {
        _inner = inner;
        _bucket = new ByteBucket(bytesPerSecond, context.Time);
        _pacer = context.Pacer;
    }

    /// <inheritdoc/>
    public void Start(ITunnelStream stream)
    {
        _stream = stream;
        _inner.Start(stream);
    }

    /// <inheritdoc/>
    public LocalReadStatus TryRead(Span<byte> buffer, out int count)
    {
        count = 0;
        var room = _bucket.Available(buffer.Length);
        if (room == 0)
            return LocalReadStatus.WouldBlock;
        var status = _inner.TryRead(buffer[..room], out count);
        _bucket.Take(count);
        return status;
    }

    /// <inheritdoc/>
    public bool ArmRead()
    {
        if (_bucket.Available(1) > 0)
            return _inner.ArmRead();
        if (Interlocked.Exchange(ref _waiting, 1) == 0)
            _pacer.Add(this);
        return false;
    }

    /// <inheritdoc/>
    public void ParkRead() => _inner.ParkRead();

    /// <inheritdoc/>
    public int TryWrite(ReadOnlySpan<byte> data) => _inner.TryWrite(data);

    /// <inheritdoc/>
    public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data) => _inner.WriteAsync(data);

    /// <inheritdoc/>
    public void ShutdownWrite() => _inner.ShutdownWrite();

    /// <inheritdoc/>
    public void Close() => _inner.Close();

    /// <inheritdoc/>
    public void Reset(bool flush) => _inner.Reset(flush);

    void IPaced.OnPace()
    {
        Volatile.Write(ref _waiting, 0);
        _stream!.NotifyReadable();
    }
}
