using System.Buffers.Binary;
using Tunnel.Shared.Transport.Buffers;
using Tunnel.Shared.Transport.Quic.Connections;
using Tunnel.Shared.Transport.Quic.Core;
using Tunnel.Shared.Transport.Quic.Native;

namespace Tunnel.Shared.Transport.Quic.Sessions;

/// <summary>
/// Gives datagrams to msquic and limits how many may be unsent, because msquic's queue has no limit of its own and gets slow when it is
/// long. Each datagram is copied into a native block that is in use until the datagram was sent.
/// </summary>
internal sealed class DatagramSender(QuicCore core)
{
    /// <summary>The most unsent datagrams of one session, so that its flood leaves room for others.</summary>
    public const int MaxPerSession = 256;

    /// <summary>The datagram is queued.</summary>
    public const int Queued = 0;

    /// <summary>The datagram was dropped and counted.</summary>
    public const int Dropped = 1;

    /// <summary>The payload does not fit into a QUIC datagram on this path.</summary>
    public const int TooLarge = 2;

    private const int MaxUnsent = 512;

    private int _unsent;
    private int _unsentLarge;

    /// <summary>
    /// Whether msquic's queue may hold a datagram that does not fit into the smallest packets. On a path that has no larger ones it would
    /// stay there for good, and with it all but control frames, since msquic sends nothing past it (seen in 2.5.10).
    /// </summary>
    public bool MayBlock => Volatile.Read(ref _unsentLarge) > 0;

    private DatagramMemory Memory => core.Context.Flow.Datagrams;

    /// <summary>Queues a datagram.</summary>
    public unsafe int TrySend(uint id, ReadOnlySpan<byte> payload)
    {
        var length = QuicSessions.IdSize + payload.Length;
        if (length > BlockPool.Tiny.Capacity)
            return TooLarge;

        // It is counted first: either it sees that the path has changed, or whoever changes that sees it.
        CountLarge(length, 1);
        if (length > core.Connection.MaxDatagram)
        {
            CountLarge(length, -1);
            return TooLarge;
        }

        if (Interlocked.Increment(ref _unsent) > MaxUnsent || !Memory.TryTake(BlockPool.Tiny.Capacity))
        {
            Interlocked.Decrement(ref _unsent);
            CountLarge(length, -1);
            core.Traffic.Drops.Add(DatagramDrop.QueueFull);
            return Dropped;
        }

        var block = BlockPool.Tiny.Rent();
        BinaryPrimitives.WriteUInt32BigEndian(block->Room, id);
        payload.CopyTo(block->Room[QuicSessions.IdSize..]);
        block->Buffer.Length = (uint)length;
        var status = core.Connection.Handle.SendDatagram(&block->Buffer, (nint)block);
        if (!QuicStatus.Failed(status))
        {
            core.Traffic.CountDatagramSent(payload.Length);
            return Queued;
        }

        _ = OnDone((nint)block);
        // The path's MTU has fallen since msquic last reported it.
        if (status == QuicStatus.InvalidParameter)
            return TooLarge;
        core.Traffic.Drops.Add(DatagramDrop.Refused);
        return Dropped;
    }

    /// <summary>Frees the block of a datagram that was sent or given up.</summary>
    /// <returns>The id of its session.</returns>
    public unsafe uint OnDone(nint context)
    {
        var block = (NativeBlock*)context;
        var id = BinaryPrimitives.ReadUInt32BigEndian(block->Room);
        Interlocked.Decrement(ref _unsent);
        CountLarge((int)block->Buffer.Length, -1);
        Memory.Return(BlockPool.Tiny.Capacity);
        BlockPool.Tiny.Return(block);
        return id;
    }

    private void CountLarge(int length, int change)
    {
        if (length > DatagramLimit.Smallest)
            Interlocked.Add(ref _unsentLarge, change);
    }
}
