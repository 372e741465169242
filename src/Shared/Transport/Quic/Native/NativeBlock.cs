using System.Runtime.InteropServices;

namespace Tunnel.Shared.Transport.Quic.Native;

/// <summary>Native memory with bytes to send. msquic reads it until it reports that it is done, so it can't be managed memory.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeBlock
{
    /// <summary>The part that is sent. It is the first field, so that the block's address is the buffer's.</summary>
    public NativeBuffer Buffer;

    /// <summary>Bytes of room in the block.</summary>
    public int Capacity;

    /// <summary>Bytes that the memory budget counts for the block.</summary>
    public int Counted;

    public readonly Span<byte> Room => new(Buffer.Data, Capacity);

    public static NativeBlock* Allocate(int capacity)
    {
        var block = (NativeBlock*)NativeMemory.Alloc((nuint)(sizeof(NativeBlock) + capacity));
        *block = new NativeBlock { Capacity = capacity, Buffer = new NativeBuffer { Data = (byte*)(block + 1) } };
        return block;
    }

    public static void Free(NativeBlock* block) => NativeMemory.Free(block);
}

/// <summary>Blocks of one size, some of which are kept for the next use.</summary>
internal sealed unsafe class BlockPool(int capacity, int keep)
{
    private readonly Lock _lock = new();
    private readonly Stack<nint> _kept = new();

    /// <summary>Blocks for interactive streams: as large as the most that a first read brings.</summary>
    public static BlockPool Small { get; } = new(16 << 10, 256);

    /// <summary>Blocks for streams that carry much.</summary>
    public static BlockPool Large { get; } = new(64 << 10, 128);

    /// <summary>Blocks for datagrams, small messages and control frames.</summary>
    public static BlockPool Tiny { get; } = new(2 << 10, 1024);

    public int Capacity => capacity;

    /// <summary>Returns the pool of the smallest blocks with enough room, or of the largest blocks.</summary>
    public static BlockPool For(int bytes) => bytes <= Tiny.Capacity ? Tiny : bytes <= Small.Capacity ? Small : Large;

    /// <summary>Returns the pool that a block comes from.</summary>
    public static BlockPool Of(NativeBlock* block) => For(block->Capacity);

    public NativeBlock* Rent()
    {
        lock (_lock)
        {
            if (_kept.TryPop(out var block))
                return (NativeBlock*)block;
        }

        return NativeBlock.Allocate(capacity);
    }

    public void Return(NativeBlock* block)
    {
        lock (_lock)
        {
            if (_kept.Count < keep)
            {
                _kept.Push((nint)block);
                return;
            }
        }

        NativeBlock.Free(block);
    }
}
