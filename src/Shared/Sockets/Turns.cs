using System.Diagnostics.CodeAnalysis;

namespace Tunnel.Shared.Sockets;

/// <summary>
/// Items that wait for their turn. The keys have their turn one after the other, and each key's items keep their order. The caller must
/// lock.
/// </summary>
public sealed class Turns<TKey, T>
    where TKey : notnull
{
    private readonly Dictionary<TKey, Queue<T>> _waiting = [];
    private readonly Queue<TKey> _order = new();

    /// <summary>The number of items that wait.</summary>
    public int Count { get; private set; }

    /// <summary>The number of keys that have items waiting.</summary>
    public int Keys => _waiting.Count;

    /// <summary>The number of items of one key that wait.</summary>
    public int CountOf(TKey key) => _waiting.TryGetValue(key, out var own) ? own.Count : 0;

    /// <summary>Adds an item behind those of the same key.</summary>
    public void Add(TKey key, T item)
    {
        if (!_waiting.TryGetValue(key, out var own))
        {
            _waiting.Add(key, own = new Queue<T>());
            _order.Enqueue(key);
        }

        own.Enqueue(item);
        Count++;
    }

    /// <summary>Takes the first item of the key whose turn it is.</summary>
    /// <returns>False when nothing waits.</returns>
    public bool TryTake([MaybeNullWhen(false)] out T item)
    {
        if (!_order.TryDequeue(out var key))
        {
            item = default;
            return false;
        }

        var own = _waiting[key];
        item = own.Dequeue();
        if (own.Count > 0)
            _order.Enqueue(key);
        else
            _waiting.Remove(key);
        Count--;
        return true;
    }
}
