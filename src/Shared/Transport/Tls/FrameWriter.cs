using System.Buffers;

namespace Tunnel.Shared.Transport.Tls;

/// <summary>
/// Sends what the scheduler chooses. There is no writer task and no queue of frames: whoever has made work and finds no flush under way flushes; all
/// others return at once, and their work goes into the next batch. A batch is at most 64 KiB, four full TLS records that leave with one system call;
/// after each the scheduler chooses anew.
/// </summary>
internal sealed class FrameWriter(MuxTunnel tunnel, TlsConnection connection)
{
    /// <summary>Bytes of a batch.</summary>
    public const int BatchSize = 64 << 10;

    /// <summary>Batches that an I/O thread sends before it hands over to the pool: other sockets wait for it meanwhile.</summary>
    public const int InlineBatches = 16;

    // With less room than this a data frame is not worth its header.
    private const int SmallestRoom = 2 << 10;

    private byte[]? _large;
    private int _largeOffset;
    private bool _flushing;
    private TaskCompletionSource? _idle;

    /// <summary>A frame larger than a batch follows what is in this batch; set by <see cref="MuxNode.WriteControl"/>.</summary>
    public void SetLarge(byte[] frame)
    {
        _large = frame;
        _largeOffset = 0;
    }

    /// <summary>Sees to it that what waits is sent. May send on the calling thread, so not with a lock held.</summary>
    /// <param name="inlineBatches">How many batches the caller's thread may be used for.</param>
    public void Request(int inlineBatches = InlineBatches)
    {
        lock (tunnel.Sync)
        {
            if (_flushing || tunnel.IsDead || !HasWork) return;
            _flushing = true;
        }

        _ = FlushAsync(inlineBatches);
    }

    /// <summary>A batch is under way. With the tunnel's lock held.</summary>
    public bool IsSending => _flushing;

    /// <summary>Completes when nothing is being sent.</summary>
    public Task WaitIdleAsync()
    {
        lock (tunnel.Sync)
        {
            if (!_flushing) return Task.CompletedTask;
            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }

    private bool HasWork => _large is not null || tunnel.Scheduler.HasWork;

    private async Task FlushAsync(int inlineBatches)
    {
        byte[]? batch = null;
        try
        {
            batch = ArrayPool<byte>.Shared.Rent(BatchSize);
            connection.Gathering.Cork();
            while (true)
            {
                var count = Fill(batch.AsSpan(0, BatchSize));
                if (count == 0)
                {
                    if (TryEnd()) break;
                    continue;
                }

                await connection.Stream.WriteAsync(batch.AsMemory(0, count));
                var sending = connection.Gathering.SendGatheredAsync();
                if (!sending.IsCompleted)
                {
                    await sending;
                    inlineBatches = InlineBatches;
                    continue;
                }

                sending.GetAwaiter().GetResult();
                if (--inlineBatches > 0) continue;
                if (TryEnd()) break;
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                inlineBatches = InlineBatches;
            }
        }
        catch (Exception e)
        {
            // The end first: nobody must start to send behind half a frame. What is not a loss is a mistake of ours.
            if (MuxTunnel.IsLoss(e)) tunnel.Terminate(new TunnelEnd(TunnelEndKind.ConnectionLost, $"sending failed: {e.Message}"));
            else tunnel.Fail(e);
            lock (tunnel.Sync) EndLocked();
        }
        finally
        {
            if (batch is not null) ArrayPool<byte>.Shared.Return(batch);
        }
    }

    private bool TryEnd()
    {
        lock (tunnel.Sync)
        {
            if (HasWork && !tunnel.IsDead) return false;
            connection.Gathering.Uncork();
            EndLocked();
            return true;
        }
    }

    private void EndLocked()
    {
        _flushing = false;
        _idle?.TrySetResult();
        _idle = null;
    }

    private int Fill(Span<byte> batch)
    {
        var used = 0;
        var now = tunnel.Context.NowMilliseconds;
        while (used < batch.Length)
        {
            if (_large is { } large)
            {
                used += CopyLarge(large, batch[used..]);
                continue;
            }

            MuxNode node;
            int limit;
            lock (tunnel.Sync)
            {
                if (tunnel.IsDead) return 0;
                var turn = tunnel.Scheduler.Next(now);
                if (turn.Node is null) break;
                node = (MuxNode)turn.Node;
                if (turn.IsControl)
                {
                    if (batch.Length - used < MuxNode.MaxControl) break;
                    var written = node.WriteControl(batch[used..]);
                    tunnel.Scheduler.ChargeControl(node, written);
                    if (node.HasMoreControl) tunnel.Scheduler.EnqueueControl(node, urgent: true);
                    used += written;
                    continue;
                }

                limit = turn.Bytes;
            }

            if (used > 0 && batch.Length - used < SmallestRoom) break;
            var count = node.WriteData(batch[used..], limit, now);
            if (count < 0) break;
            used += count;
        }

        return used;
    }

    private int CopyLarge(byte[] large, Span<byte> room)
    {
        var count = Math.Min(room.Length, large.Length - _largeOffset);
        large.AsSpan(_largeOffset, count).CopyTo(room);
        _largeOffset += count;
        if (_largeOffset == large.Length) _large = null;
        return count;
    }
}
