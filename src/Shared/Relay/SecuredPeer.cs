using System.Net.Security;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport;

namespace Tunnel.Shared.Relay;

/// <summary>
/// A peer to which this process speaks TLS, such as an upstream: its local end takes and gives plain bytes. An end of one direction
/// (close_notify) ends only that direction on the other side too.
/// </summary>
public sealed class SecuredPeer
{
    private const int RecordSize = 16 << 10;

    private readonly EndpointStream _peer;
    private readonly PipeEndpoint _pipes = new();
    private int _isAborted;

    /// <summary>Takes over an endpoint that has not been started; the handshake is to be made by <see cref="Tls"/>.</summary>
    public SecuredPeer(ILocalEndpoint peer)
    {
        _peer = new EndpointStream(peer);
        Tls = new SslStream(_peer, leaveInnerStreamOpen: true);
    }

    /// <summary>The TLS session.</summary>
    public SslStream Tls { get; }

    /// <summary>Gives the plain end, after the handshake.</summary>
    public ILocalEndpoint Open()
    {
        RunAsync().Guard("moving bytes through an upstream's TLS");
        return _pipes;
    }

    /// <summary>Resets the peer.</summary>
    public void Abort()
    {
        if (Interlocked.Exchange(ref _isAborted, 1) != 0)
            return;
        _pipes.Abort();
        _peer.Reset();
    }

    private async Task RunAsync()
    {
        await using var closed = _pipes.Closed.UnsafeRegister(static self => ((SecuredPeer)self!).OnClosed(), this);
        var (sending, receiving) = (Task.Run(SendAsync), Task.Run(ReceiveAsync));
        await Task.WhenAll(sending, receiving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (sending.IsCompletedSuccessfully && receiving.IsCompletedSuccessfully && Interlocked.Exchange(ref _isAborted, 1) == 0)
            _peer.Close();
        else
            Abort();
        await Tls.DisposeAsync();
    }

    private void OnClosed()
    {
        if (_pipes.IsAborted)
            Abort();
    }

    private async Task ReceiveAsync()
    {
        try
        {
            var output = _pipes.Application.Output;
            while (true)
            {
                // Whether there is anything is asked without a buffer.
                _ = await Tls.ReadAsync(Memory<byte>.Empty);
                var count = await Tls.ReadAsync(output.GetMemory(RecordSize));
                if (count == 0)
                    break;
                output.Advance(count);
                _peer.Turn.Leave();
                try
                {
                    if ((await output.FlushAsync()).IsCompleted)
                        throw new IOException("The client is gone.");
                }
                finally
                {
                    await _peer.Turn.EnterAsync();
                }
            }

            await output.CompleteAsync();
        }
        catch
        {
            Abort();
            throw;
        }
        finally
        {
            _peer.Turn.Leave();
        }
    }

    private async Task SendAsync()
    {
        try
        {
            var input = _pipes.Application.Input;
            while (true)
            {
                var result = await input.ReadAsync();
                foreach (var part in result.Buffer)
                    await Tls.WriteAsync(part);
                input.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                    break;
            }

            await _peer.Turn.EndAsync(Tls);
            _peer.ShutdownWrite();
            await input.CompleteAsync();
        }
        catch
        {
            Abort();
            throw;
        }
    }
}
