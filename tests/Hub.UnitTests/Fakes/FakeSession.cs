using System.Collections.Concurrent;
using System.Threading.Channels;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.UnitTests.Fakes;

/// <summary>A UDP session without a tunnel.</summary>
internal sealed class FakeSession : ITunnelSession
{
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _lock = new(true);
    private readonly ConcurrentQueue<byte[]> _queued = new();
    private readonly Channel<byte[]> _sent = Channel.CreateUnbounded<byte[]>();

    public uint Id => 1;

    public bool IsOpen => !_closed.Task.IsCompleted;

    /// <summary>
    /// Makes replies wait in <see cref="Send"/> and <see cref="Queue"/> from now on, and others behind them in the kernel.
    /// </summary>
    public void BeginBlocking() => _lock.Reset();

    public void EndBlocking() => _lock.Set();

    public bool TryNextReply() => _sent.Reader.TryRead(out _);

    public bool Send(ReadOnlySpan<byte> payload)
    {
        _lock.Wait(Patience.Limit);
        return _sent.Writer.TryWrite(payload.ToArray());
    }

    public bool Queue(ReadOnlySpan<byte> payload)
    {
        _lock.Wait(Patience.Limit);
        _queued.Enqueue(payload.ToArray());
        return true;
    }

    public void Flush()
    {
        while (_queued.TryDequeue(out var payload))
            _sent.Writer.TryWrite(payload);
    }

    public void Close() => _closed.TrySetResult();

    public Task<byte[]> NextReplyAsync() => _sent.Reader.ReadAsync().AsTask().WaitAsync(Patience.Limit);

    public Task ClosedAsync() => _closed.Task.WaitAsync(Patience.Limit);
}
