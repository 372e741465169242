namespace Tunnel.Shared.Transport.Moving.Tables;

/// <summary>
/// Hub: the numbers of the streams that have gone from a tunnel that lives to another one, the latest of them. Thread-safe.
/// </summary>
internal sealed class LetGoNumbers
{
    /// <summary>How many are kept: more streams than this are not open at once.</summary>
    public const int Most = 65_536;

    private readonly Lock _lock = new();
    private readonly HashSet<uint> _numbers = [];
    private readonly Queue<uint> _order = new();

    public void Add(uint number)
    {
        lock (_lock)
        {
            if (!_numbers.Add(number))
                return;
            _order.Enqueue(number);
            if (_order.Count > Most)
                _numbers.Remove(_order.Dequeue());
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            _numbers.Clear();
            _numbers.TrimExcess();
            _order.Clear();
            _order.TrimExcess();
        }
    }

    public bool Contains(uint number)
    {
        lock (_lock)
            return _numbers.Contains(number);
    }
}
