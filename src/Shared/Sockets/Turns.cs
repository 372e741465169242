using System.Diagnostics.CodeAnalysis;

namespace Tunnel.Shared.Sockets;

/// <summary>What waits for its turn: whose it is comes one after the other, and of each the first comes first. The caller locks.</summary>
public sealed class Turns<TKey, T>
    where TKey : notnull
{
    private readonly Dictionary<TKey, Queue<T>> _waiting = [];
    private readonly Queue<TKey> _order = new();

    /// <summary>How much waits.</summary>
    public int Count { get; private set; }

    /// <summary>How many wait for something.</summary>
    public int Keys => _waiting.Count;

    /// <summary>How much of one waits.</summary>
    public int CountOf(TKey key) => _waiting.TryGetValue(key, out var own) ? own.Count : 0;

    /// <summary>Puts it behind what waits of the same one.</summary>
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

    /// <summary>Takes the first thing of whoever is next.</summary>
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
