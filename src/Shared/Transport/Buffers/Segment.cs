using System.Buffers;

namespace Tunnel.Shared.Transport.Buffers;

/// <summary>A piece of memory of a <see cref="SegmentArena"/>, which it keeps alive. It never moves.</summary>
internal sealed unsafe class Segment(SegmentArena arena, byte* start) : MemoryManager<byte>
{
    /// <summary>The arena that it returns to.</summary>
    public SegmentArena Arena => arena;

    /// <summary>The size in bytes.</summary>
    public int Size => arena.SegmentSize;

    /// <inheritdoc/>
    public override Span<byte> GetSpan() => new(start, Size);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)Size, nameof(elementIndex));
        return new MemoryHandle(start + elementIndex, pinnable: this);
    }

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <summary>Returns the pages to the kernel; their contents are lost.</summary>
    public void ReleasePages() => PageMemory.Release(start, Size);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}
