namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>The batches of <see cref="KeptBytes"/>, the oldest first, in a ring that grows.</summary>
internal sealed class KeptEntries
{
    private KeptEntry[] _ring = [];
    private int _first;

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Returns one of them; 0 is the oldest.</summary>
    public ref KeptEntry this[int index] => ref _ring[(_first + index) & (_ring.Length - 1)];

    /// <summary>Adds the newest.</summary>
    public void Append(in KeptEntry entry)
    {
        if (Count == _ring.Length)
            Grow();
        Count++;
        this[Count - 1] = entry;
    }

    /// <summary>Removes the oldest.</summary>
    public void RemoveFirst()
    {
        this[0] = default;
        _first = (_first + 1) & (_ring.Length - 1);
        Count--;
    }

    private void Grow()
    {
        var larger = new KeptEntry[Math.Max(4, _ring.Length * 2)];
        for (var i = 0; i < Count; i++)
            larger[i] = this[i];
        (_ring, _first) = (larger, 0);
    }
}
