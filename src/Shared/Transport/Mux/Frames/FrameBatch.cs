using System.Buffers;
using Tunnel.Shared.Transport.Mux.Core;
using Tunnel.Shared.Transport.Mux.Streams;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Mux.Frames;

/// <summary>
/// Makes batches. A batch has at most four full TLS records, which leave with one system call; after each frame the scheduler chooses anew.
/// The frames of the connection come first in a batch, and are not counted. Only one thread at a time may use it, without the lock.
/// </summary>
internal sealed class FrameBatch(MuxCore core)
{
    /// <summary>Bytes of a full batch.</summary>
    public const int Size = TlsRecord.PerBatch * TlsRecord.ContentSize;

    /// <summary>Bytes of a full batch as it is sent.</summary>
    public const int SentSize = TlsRecord.PerBatch * TlsRecord.Size;

    /// <summary>
    /// Bytes of the buffer for a batch. The largest datagram is sent whole, so a batch of it alone is a little larger than a full one.
    /// </summary>
    public const int BufferSize = 64 << 10;

    // In less room than this, a data frame is not worth its header.
    private const int SmallestRoom = 2 << 10;

    private byte[]? _buffer;
    private int _counted;

    /// <summary>Makes the next batch of what the scheduler chooses, or of what must be sent again.</summary>
    /// <returns>Bytes to send, valid until <see cref="OnSent"/>; empty when there is nothing to send, though something may have come
    /// since.</returns>
    public ReadOnlyMemory<byte> Next()
    {
        _buffer ??= ArrayPool<byte>.Shared.Rent(BufferSize);
        var buffer = _buffer;
        var used = 0;
        lock (core.Sync)
        {
            if (core.IsSilent)
                return default;
            if (core.Kept.HasAgain)
            {
                var again = core.Kept.TakeAgain();
                _counted = again.Length;
                return again;
            }

            if (!core.Large.IsPending)
            {
                if (core.Link.HasLast)
                    core.BeMute();
                used = core.Link.Write(buffer);
            }
        }

        var head = used;
        used = Fill(buffer, head);
        lock (core.Sync)
        {
            _counted = used - head;
            if (core.Kept.Add(buffer, head, _counted))
                _buffer = null;
        }

        return buffer.AsMemory(0, used);
    }

    /// <summary>Notes that the batch was sent, and nothing reads it any more.</summary>
    public void OnSent()
    {
        lock (core.Sync)
            core.Kept.OnWritten(_counted);
    }

    /// <summary>Returns the buffer, because nothing is being sent any more.</summary>
    public void Release()
    {
        if (_buffer is { } buffer)
            ArrayPool<byte>.Shared.Return(buffer);
        _buffer = null;
    }

    private int Fill(Span<byte> batch, int head)
    {
        var used = head;
        var now = core.Context.NowMilliseconds;
        while (used < Size)
        {
            if (core.Large.IsPending)
            {
                used += core.Large.CopyTo(batch[used..Size]);
                continue;
            }

            MuxNode node;
            int limit;
            lock (core.Sync)
            {
                if (core.IsSilent || core.Link.HasLast)
                    break;
                var turn = core.Scheduler.Next(now, takesData: core.Kept.TakesData());
                if (turn.Node is null)
                    break;
                node = (MuxNode)turn.Node;
                if (turn.IsControl)
                {
                    if (Size - used < MuxNode.MaxControl)
                        break;
                    var written = node.WriteControl(batch[used..Size]);
                    core.Scheduler.ChargeControl(node, written);
                    if (node.HasMoreControl)
                        core.Scheduler.EnqueueControl(node, urgent: true);
                    else
                        core.NoteControlSent(node, now);
                    used += written;
                    continue;
                }

                limit = turn.Bytes;
            }

            if (used > head && Size - used < SmallestRoomFor(node, limit))
                break;
            var end = used == head && node is not MuxStream ? BufferSize : Size;
            var count = node.WriteData(batch[used..end], limit, now);
            if (count < 0)
                break;
            used += count;
        }

        return used;
    }

    // A stream's frame that would be cut to less than half goes at the head of the next batch, so that the peer passes it on in one piece.
    // Datagrams are never cut.
    private int SmallestRoomFor(MuxNode node, int limit) =>
        node is MuxStream ? Math.Max(SmallestRoom, Math.Min(Math.Min(limit, core.Terms.PeerMaxFrame), Size) / 2) : SmallestRoom;
}
