using System.Buffers;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Mux;

/// <summary>
/// Sends what the scheduler chooses. There is no writer task and no queue of frames: whoever has made work and finds no flush under way flushes; all
/// others return at once, and their work goes into the next batch. A batch is at most four full TLS records, which leave with one system call; after
/// each the scheduler chooses anew.
/// </summary>
internal sealed class FrameWriter
{
    /// <summary>Bytes of a full batch.</summary>
    public const int BatchSize = TlsRecord.PerBatch * TlsRecord.ContentSize;

    /// <summary>Bytes of a full batch as it is sent.</summary>
    public const int SentBatchSize = TlsRecord.PerBatch * TlsRecord.Size;

    // The largest datagram goes whole: a batch of it alone is a little more than full.
    private const int BufferSize = 64 << 10;

    // With less room than this a data frame is not worth its header.
    private const int SmallestRoom = 2 << 10;

    private readonly MuxTunnel _tunnel;
    private readonly TlsConnection _connection;
    private readonly Action _flush;
    private byte[]? _large;
    private int _largeOffset;
    private bool _flushing;
    private TaskCompletionSource? _idle;

    public FrameWriter(MuxTunnel tunnel, TlsConnection connection)
    {
        _tunnel = tunnel;
        _connection = connection;
        _flush = () => _ = FlushAsync();
    }

    /// <summary>A frame larger than a batch follows what is in this batch; set by <see cref="MuxNode.WriteControl"/>.</summary>
    public void SetLarge(byte[] frame)
    {
        _large = frame;
        _largeOffset = 0;
    }

    /// <summary>Sees to it that what waits is sent. May send on the calling thread, so not with a lock held.</summary>
    public void Request()
    {
        lock (_tunnel.Sync)
        {
            if (_flushing || _tunnel.IsDead || !HasWork)
                return;
            _flushing = true;
        }

        // All that is ready at once is looked at first, so that what it gives rise to leaves in one batch.
        if (_connection.Loop.IsCurrent)
            _connection.Loop.Post(_flush);
        else
            _ = FlushAsync();
    }

    /// <summary>A batch is under way. With the tunnel's lock held.</summary>
    public bool IsSending => _flushing;

    /// <summary>Completes when nothing is being sent.</summary>
    public Task WaitIdleAsync()
    {
        lock (_tunnel.Sync)
        {
            if (!_flushing)
                return Task.CompletedTask;
            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }

    private bool HasWork => _large is not null || _tunnel.Scheduler.HasWork;

    private async Task FlushAsync()
    {
        byte[]? batch = null;
        try
        {
            batch = ArrayPool<byte>.Shared.Rent(BufferSize);
            _connection.Gathering.Cork();
            while (true)
            {
                var count = Fill(batch);
                if (count == 0)
                {
                    if (TryEnd())
                        break;
                    continue;
                }

                for (var offset = 0; offset < count; offset += TlsRecord.ContentSize)
                    await _connection.Stream.WriteAsync(batch.AsMemory(offset, Math.Min(TlsRecord.ContentSize, count - offset)));

                var sending = _connection.Gathering.SendGatheredAsync();
                if (!sending.IsCompleted)
                {
                    await sending;
                    continue;
                }

                sending.GetAwaiter().GetResult();
                if (TryEnd())
                    break;

                // Other sockets have their turn after each batch that went without a wait.
                await _connection.Loop.Yield();
            }
        }
        catch (Exception e)
        {
            // The end first: nobody must start to send behind half a frame. What is not a loss is a mistake of ours.
            if (TlsConnection.IsLoss(e))
                _tunnel.Terminate(new TunnelEnd(TunnelEndKind.ConnectionLost, $"sending failed: {e.Message}"));
            else
                _tunnel.Fail(e);
            lock (_tunnel.Sync)
                EndLocked();
        }
        finally
        {
            if (batch is not null)
                ArrayPool<byte>.Shared.Return(batch);
        }
    }

    private bool TryEnd()
    {
        lock (_tunnel.Sync)
        {
            if (HasWork && !_tunnel.IsDead)
                return false;
            _connection.Gathering.Uncork();
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
        var now = _tunnel.Context.NowMilliseconds;
        while (used < BatchSize)
        {
            if (_large is { } large)
            {
                used += CopyLarge(large, batch[used..BatchSize]);
                continue;
            }

            MuxNode node;
            int limit;
            lock (_tunnel.Sync)
            {
                if (_tunnel.IsDead)
                    return 0;
                var turn = _tunnel.Scheduler.Next(now);
                if (turn.Node is null)
                    break;
                node = (MuxNode)turn.Node;
                if (turn.IsControl)
                {
                    if (BatchSize - used < MuxNode.MaxControl)
                        break;
                    var written = node.WriteControl(batch[used..BatchSize]);
                    _tunnel.Scheduler.ChargeControl(node, written);
                    if (node.HasMoreControl)
                        _tunnel.Scheduler.EnqueueControl(node, urgent: true);
                    else
                        _tunnel.NoteControlSent(node, now);
                    used += written;
                    continue;
                }

                limit = turn.Bytes;
            }

            if (used > 0 && BatchSize - used < SmallestRoomFor(node, limit))
                break;
            var end = used == 0 && node is not MuxStream ? BufferSize : BatchSize;
            var count = node.WriteData(batch[used..end], limit, now);
            if (count < 0)
                break;
            used += count;
        }

        return used;
    }

    // Rather than cut to less than half, a stream's frame goes at the head of the next batch: the peer passes it on in one piece. Datagrams are not cut.
    private int SmallestRoomFor(MuxNode node, int limit) =>
        node is MuxStream ? Math.Max(SmallestRoom, Math.Min(Math.Min(limit, _tunnel.Terms.PeerMaxFrame), BatchSize) / 2) : SmallestRoom;

    private int CopyLarge(byte[] large, Span<byte> room)
    {
        var count = Math.Min(room.Length, large.Length - _largeOffset);
        large.AsSpan(_largeOffset, count).CopyTo(room);
        _largeOffset += count;
        if (_largeOffset == large.Length)
            _large = null;
        return count;
    }
}
