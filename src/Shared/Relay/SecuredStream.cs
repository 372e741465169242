using System.Buffers;
using System.Net.Security;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;

namespace Tunnel.Shared.Relay;

/// <summary>
/// What a client says inside of its TLS, as a stream: the local end that it is given sees plain bytes, and the tunnel's stream outside
/// carries TLS. An end of one direction (close_notify, FIN) ends only that direction on the other side too. Buffers are held only while
/// there is something to move.
/// </summary>
public sealed class SecuredStream : ITunnelStream
{
    // This is the most that a record carries.
    private const int BufferSize = 16 << 10;

    private readonly ITunnelStream _outer;
    private readonly PipeEndpoint _pipes = new();
    private readonly TlsTurn _turn;
    private ILocalEndpoint _inner = null!;
    private volatile TaskCompletionSource _readable = new();
    private int _isAborted;

    /// <summary>Creates a stream whose handshake is to be made by <see cref="Tls"/>.</summary>
    /// <param name="outer">The tunnel's stream.</param>
    public SecuredStream(ITunnelStream outer)
    {
        _outer = outer;
        var below = new PipeStream(_pipes.Application);
        _turn = below.Turn;
        Tls = new SslStream(below);
    }

    /// <summary>The TLS session.</summary>
    public SslStream Tls { get; }

    /// <summary>The local end of the tunnel's stream.</summary>
    public ILocalEndpoint Outside => _pipes;

    /// <inheritdoc/>
    public uint Id => _outer.Id;

    /// <inheritdoc/>
    public IStreamObserver? Observer
    {
        get => _outer.Observer;
        set => _outer.Observer = value;
    }

    /// <inheritdoc/>
    public long BytesSent => _outer.BytesSent;

    /// <inheritdoc/>
    public long BytesReceived => _outer.BytesReceived;

    /// <inheritdoc/>
    public void Attach(ILocalEndpoint endpoint)
    {
        _inner = endpoint;
        endpoint.Start(this);
        RunAsync().Guard("moving bytes through TLS");
    }

    /// <inheritdoc/>
    public void NotifyReadable() => _readable.TrySetResult();

    /// <inheritdoc/>
    public void NotifyLocalReset() => _pipes.Abort();

    /// <inheritdoc/>
    public void Reset(ResetReason reason) => _outer.Reset(reason);

    /// <summary>Lets the client read the alert of a handshake that failed, and waits until it has gone or the time has passed.</summary>
    public async Task SayFarewellAsync(TimeSpan limit, TimeProvider time)
    {
        await _pipes.Application.Output.CompleteAsync();
        using var patience = new CancellationTokenSource(limit, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_pipes.Closed, patience.Token);
        await Task.Delay(Timeout.InfiniteTimeSpan, time, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task RunAsync()
    {
        await using var closed = _pipes.Closed.UnsafeRegister(static self => ((SecuredStream)self!).OnClosed(), this);
        // Either may wait for long, so neither runs on the other's thread first.
        var (sending, receiving) = (Task.Run(SendAsync), Task.Run(ReceiveAsync));
        await Task.WhenAll(sending, receiving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (sending.IsCompletedSuccessfully && receiving.IsCompletedSuccessfully && !_pipes.IsAborted)
            _inner.Close();
        else
            Abort();
        await Tls.DisposeAsync();
    }

    // Wakes whoever waits for a local end that is slow.
    private void OnClosed()
    {
        if (_pipes.IsAborted)
            Abort();
    }

    private void Abort()
    {
        if (Interlocked.Exchange(ref _isAborted, 1) != 0)
            return;
        _pipes.Abort();
        _readable.TrySetResult();
        _inner.Reset(flush: true);
    }

    // Decrypts what the client sends.
    private async Task ReceiveAsync()
    {
        try
        {
            // Whether there is anything is asked without a buffer.
            while (true)
            {
                _ = await Tls.ReadAsync(Memory<byte>.Empty);
                var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
                try
                {
                    var count = await Tls.ReadAsync(buffer);
                    if (count == 0)
                        break;
                    // What it has sent before, and its reset, are found by whoever reads from it.
                    if (!await PassOnAsync(buffer.AsMemory(0, count)))
                        return;
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }

            _inner.ShutdownWrite();
            // Nothing may follow close_notify.
            await _pipes.Application.Input.CompleteAsync();
        }
        catch
        {
            Abort();
            throw;
        }
        finally
        {
            _turn.Leave();
        }
    }

    private async ValueTask<bool> PassOnAsync(ReadOnlyMemory<byte> bytes)
    {
        _turn.Leave();
        try
        {
            return await _inner.WriteAsync(bytes);
        }
        finally
        {
            await _turn.EnterAsync();
        }
    }

    // Encrypts what goes to the client.
    private async Task SendAsync()
    {
        try
        {
            while (true)
            {
                _readable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                var status = _pipes.IsAborted ? LocalReadStatus.Reset : await SendWhatIsThereAsync();
                if (status == LocalReadStatus.EndOfFile)
                    break;
                if (status == LocalReadStatus.Reset || _pipes.IsAborted)
                    throw new IOException("The local end has reset the connection.");
                if (!_inner.ArmRead())
                    await _readable.Task;
            }

            await _turn.EndAsync(Tls);
            await _pipes.Application.Output.CompleteAsync();
        }
        catch
        {
            Abort();
            throw;
        }
    }

    private async Task<LocalReadStatus> SendWhatIsThereAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            while (true)
            {
                var status = _inner.TryRead(buffer.AsSpan(0, BufferSize), out var count);
                if (status != LocalReadStatus.Data || _pipes.IsAborted)
                    return status;
                var writing = Tls.WriteAsync(buffer.AsMemory(0, count));
                // While the client takes nothing, a reset of the local end is reported without a read.
                if (!writing.IsCompleted)
                    _inner.ParkRead();
                await writing;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
