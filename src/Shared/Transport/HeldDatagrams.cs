using System.Buffers;
using Tunnel.Shared.Transport.Buffers;

namespace Tunnel.Shared.Transport;

/// <summary>
/// Datagrams of one flow that can't go on yet: bounded by number and bytes here, by the process's memory for datagrams, and by age, since a
/// late one is of no use. The caller locks, and counts what is dropped.
/// </summary>
/// <param name="memory">What all that wait share.</param>
/// <param name="maxAgeMilliseconds">Older ones are dropped.</param>
public sealed class HeldDatagrams(DatagramMemory memory, long maxAgeMilliseconds)
{
    /// <summary>Datagrams that are held.</summary>
    public const int MaxCount = 16;

    /// <summary>Bytes that are held: two of the largest datagrams.</summary>
    public const int MaxBytes = 128 << 10;

    private readonly Queue<Held> _queue = new();
    private int _bytes;

    /// <summary>How many are held.</summary>
    public int Count => _queue.Count;

    /// <summary>Keeps a copy.</summary>
    /// <param name="payload">The datagram.</param>
    /// <param name="now">Milliseconds of a clock that only rises.</param>
    /// <returns>False when there is no room.</returns>
    public bool TryHold(ReadOnlySpan<byte> payload, long now)
    {
        var cost = payload.Length + DatagramMemory.Overhead;
        if (_queue.Count >= MaxCount || _bytes + cost > MaxBytes || !memory.TryTake(cost))
            return false;
        var copy = ArrayPool<byte>.Shared.Rent(payload.Length);
        payload.CopyTo(copy);
        _queue.Enqueue(new Held(copy, payload.Length, now));
        _bytes += cost;
        return true;
    }

    /// <summary>Drops those that have waited too long.</summary>
    /// <returns>How many.</returns>
    public int DropExpired(long now)
    {
        var dropped = 0;
        for (; _queue.TryPeek(out var oldest) && now - oldest.Since > maxAgeMilliseconds; dropped++)
            Release(_queue.Dequeue());
        return dropped;
    }

    /// <summary>Drops all.</summary>
    /// <returns>How many.</returns>
    public int DropAll()
    {
        var dropped = _queue.Count;
        while (_queue.TryDequeue(out var held))
            Release(held);
        return dropped;
    }

    /// <summary>Gives all to <paramref name="receiver"/>, in the order in which they came, and holds none then.</summary>
    public void TakeAll<TReceiver>(TReceiver receiver, Action<TReceiver, ReadOnlySpan<byte>> receive)
    {
        while (_queue.TryDequeue(out var held))
        {
            receive(receiver, held.Bytes.AsSpan(0, held.Length));
            Release(held);
        }
    }

    private void Release(in Held held)
    {
        var cost = held.Length + DatagramMemory.Overhead;
        _bytes -= cost;
        memory.Return(cost);
        ArrayPool<byte>.Shared.Return(held.Bytes);
    }

    private readonly record struct Held(byte[] Bytes, int Length, long Since);
}
