using System.Runtime.InteropServices;

namespace Tunnel.Tools.WanLink;

/// <summary>
/// Packets in the order in which they leave, each with its time. Memory for all of them is reserved at the start; the slots that were used
/// last are used again first, so that only as much is touched as the path really holds.
/// </summary>
internal sealed unsafe class PacketStore : IDisposable
{
    public const int Capacity = 1 << 16;
    public const int MaxPacket = 9216;

    private readonly byte* _memory = (byte*)NativeMemory.Alloc(Capacity, MaxPacket);
    private readonly int[] _free = new int[Capacity];
    private readonly Entry[] _entries = new Entry[Capacity];
    private int _freeCount = Capacity;
    private uint _head;
    private uint _tail;

    public PacketStore()
    {
        for (var i = 0; i < Capacity; i++)
            _free[i] = Capacity - 1 - i;
    }

    public bool IsEmpty => _head == _tail;

    public bool IsFull => _tail - _head == Capacity;

    /// <summary>When the first packet leaves.</summary>
    public long FirstTime => _entries[_head % Capacity].Time;

    /// <summary>
    /// The place to which the next packet can be read; it is in the store after <see cref="Add"/>. Not to be used when full.
    /// </summary>
    public byte* Next => _memory + ((long)_free[_freeCount - 1] * MaxPacket);

    public void Add(int length, long time)
    {
        _entries[_tail++ % Capacity] = new Entry(time, length, _free[--_freeCount]);
    }

    public byte* First(out int length)
    {
        ref var entry = ref _entries[_head % Capacity];
        length = entry.Length;
        return _memory + ((long)entry.Slot * MaxPacket);
    }

    public void RemoveFirst() => _free[_freeCount++] = _entries[_head++ % Capacity].Slot;

    public void Dispose() => NativeMemory.Free(_memory);

    private readonly record struct Entry(long Time, int Length, int Slot);
}
