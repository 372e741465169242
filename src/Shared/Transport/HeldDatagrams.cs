using System.Buffers;
using Tunnel.Shared.Transport.Buffers;

namespace Tunnel.Shared.Transport;

/// <summary>
/// Datagrams of one flow that can't be sent or delivered yet. They are bounded by number and bytes here, by the process's memory for
/// datagrams, and by age, since a late one is of no use. The caller must lock and count what is dropped.
/// </summary>
/// <param name="memory">The process's memory for waiting datagrams.</param>
/// <param name="maxAgeMilliseconds">The age at which datagrams are dropped.</param>
public sealed class HeldDatagrams(DatagramMemory memory, long maxAgeMilliseconds)
{
    /// <summary>The most datagrams that are held.</summary>
    public const int MaxCount = 16;

    /// <summary>The most bytes that are held: two datagrams of the largest size.</summary>
    public const int MaxBytes = 128 << 10;

    private readonly Queue<Held> _queue = new();
    private int _bytes;

    /// <summary>How many are held.</summary>
    public int Count => _queue.Count;

    /// <summary>Keeps a copy of a datagram.</summary>
    /// <param name="payload">The datagram.</param>
    /// <param name="now">Milliseconds of a monotonic clock.</param>
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
    /// <returns>The number of dropped datagrams.</returns>
    public int DropExpired(long now)
    {
        var dropped = 0;
        for (; _queue.TryPeek(out var oldest) && now - oldest.Since > maxAgeMilliseconds; dropped++)
            Release(_queue.Dequeue());
        return dropped;
    }

    /// <summary>Drops all datagrams.</summary>
    /// <returns>The number of dropped datagrams.</returns>
    public int DropAll()
    {
        var dropped = _queue.Count;
        while (_queue.TryDequeue(out var held))
            Release(held);
        return dropped;
    }

    /// <summary>Gives all to <paramref name="receiver"/>, in the order in which they came, and keeps none.</summary>
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
