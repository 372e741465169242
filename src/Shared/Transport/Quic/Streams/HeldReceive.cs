using System.Buffers;
using Tunnel.Shared.Transport.Quic.Native;

namespace Tunnel.Shared.Transport.Quic.Streams;

/// <summary>
/// The buffers of a pending receive. They belong to msquic, and stay unchanged until the receive is completed or the stream is closed. Not
/// thread-safe.
/// </summary>
internal sealed class HeldReceive
{
    private NativeBuffer[] _buffers = [];
    private int _count;
    private int _index;
    private int _offset;
    private View? _view;

    /// <summary>Bytes from the beginning that were processed.</summary>
    public int Taken { get; private set; }

    /// <summary>Bytes that wait.</summary>
    public int Rest { get; private set; }

    public bool IsEmpty => Rest == 0;

    /// <summary>Keeps buffers whose first <paramref name="taken"/> bytes were processed.</summary>
    public void Set(ReadOnlySpan<NativeBuffer> buffers, int taken, int total)
    {
        if (_buffers.Length < buffers.Length)
            _buffers = new NativeBuffer[buffers.Length];
        // The list itself is only valid during the callback.
        buffers.CopyTo(_buffers);
        (_count, _index, _offset, Taken, Rest) = (buffers.Length, 0, 0, 0, total);
        Consume(0);
        while (Taken < taken)
            Consume(Math.Min(taken - Taken, (int)_buffers[_index].Length - _offset));
    }

    /// <summary>Returns the oldest bytes that lie together in memory. Only one result may be in use at a time.</summary>
    public unsafe ReadOnlyMemory<byte> Peek(int most)
    {
        ref var buffer = ref _buffers[_index];
        _view ??= new View();
        _view.Show(buffer.Data + _offset, Math.Min(most, (int)buffer.Length - _offset));
        return _view.Memory;
    }

    /// <summary>Notes that the oldest bytes were processed; at most as many as one <see cref="Peek"/> returned.</summary>
    public void Consume(int count)
    {
        Taken += count;
        Rest -= count;
        _offset += count;
        while (_index < _count && _offset == _buffers[_index].Length)
        {
            _index++;
            _offset = 0;
        }
    }

    public void Clear() => (_count, Rest) = (0, 0);

    /// <summary>Native memory as <see cref="Memory{T}"/>, for the socket.</summary>
    private sealed unsafe class View : MemoryManager<byte>
    {
        private byte* _data;
        private int _length;

        public override Memory<byte> Memory => CreateMemory(_length);

        public void Show(byte* data, int length)
        {
            _data = data;
            _length = length;
        }

        public override Span<byte> GetSpan() => new(_data, _length);

        public override MemoryHandle Pin(int elementIndex = 0) => new(_data + elementIndex);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
