using Tunnel.Shared.Transport.Mux.Core;
using Tunnel.Shared.Transport.Mux.Streams;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Mux.Frames;

/// <summary>
/// Fills batches. A batch has at most four full TLS records, which leave with one system call; after each frame the scheduler chooses anew.
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

    /// <summary>Fills a batch with what the scheduler chooses. Only one thread at a time may call this, without the lock.</summary>
    /// <param name="batch">At least <see cref="BufferSize"/> bytes.</param>
    /// <returns>Bytes to send; 0 when there is nothing to send, though something may have come since.</returns>
    public int Fill(Span<byte> batch)
    {
        var used = 0;
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
                if (core.IsDead)
                    return 0;
                var turn = core.Scheduler.Next(now);
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

            if (used > 0 && Size - used < SmallestRoomFor(node, limit))
                break;
            var end = used == 0 && node is not MuxStream ? BufferSize : Size;
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
