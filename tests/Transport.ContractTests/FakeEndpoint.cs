using Tunnel.Shared.Transport;

namespace Tunnel.Transport.ContractTests;

/// <summary>
/// A local end without a socket: says what the test lets it, nothing by default, keeps what it is given, and takes it as fast as the test
/// wants.
/// </summary>
internal sealed class FakeEndpoint : ILocalEndpoint
{
    private readonly Lock _lock = new();
    private readonly MemoryStream _received = new();
    private int _writes;
    private int _said;

    /// <summary>How many bytes it has to say, all of them at once and then its end; 0 for nothing at all.</summary>
    public int Says { get; init; }

    /// <summary>How many bytes a direct write takes at most; 0 makes everything wait in the queue.</summary>
    public int DirectWrite { get; init; } = int.MaxValue;

    /// <summary>The exception with which a waiting write ends.</summary>
    public TaskCompletionSource<bool>? Gate { get; init; }

    /// <summary>The way in which it was ended: FIN or close (true), or a reset (false).</summary>
    public TaskCompletionSource<bool> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public byte[] Received
    {
        get
        {
            lock (_lock)
                return _received.ToArray();
        }
    }

    public void Start(ITunnelStream stream)
    {
    }

    public LocalReadStatus TryRead(Span<byte> buffer, out int count)
    {
        count = Math.Min(buffer.Length, Says - _said);
        _said += count;
        if (count > 0)
            return LocalReadStatus.Data;
        return Says > 0 ? LocalReadStatus.EndOfFile : LocalReadStatus.WouldBlock;
    }

    public bool ArmRead() => Says > 0;

    public void ParkRead()
    {
    }

    public int TryWrite(ReadOnlySpan<byte> data)
    {
        if (Ended.Task.IsCompleted)
            return -1;
        var count = Math.Min(data.Length, DirectWrite);
        lock (_lock)
            _received.Write(data[..count]);
        return count;
    }

    public async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data)
    {
        // Without a gate it answers now at once and now later, so that drains end at all moments of the read loop.
        if (Gate is not null)
            await Task.WhenAny(Gate.Task, Ended.Task);
        else if (Interlocked.Increment(ref _writes) % 3 != 0)
            await Task.Yield();
        if (Ended.Task.IsCompleted)
            return false;
        lock (_lock)
            _received.Write(data.Span);
        return true;
    }

    public void ShutdownWrite() => Ended.TrySetResult(true);

    public void Close() => Ended.TrySetResult(true);

    public void Reset(bool flush) => Ended.TrySetResult(false);
}
