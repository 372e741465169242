namespace Tunnel.Shared.Transport.Moving.Tables;

/// <summary>
/// The numbers of the streams that the peer has opened on a tunnel. They come nearly in order. Where one is missing for long, it counts as
/// opened after a while, so that few are kept. Not thread-safe.
/// </summary>
internal sealed class OpenedNumbers
{
    /// <summary>How many numbers behind one that is missing are kept.</summary>
    public const int MostAhead = 4_096;

    private readonly SortedSet<uint> _ahead = [];
    private uint _all;

    public void Add(uint number)
    {
        if (number <= _all)
            return;
        _ahead.Add(number);
        if (_ahead.Count > MostAhead)
            _all = _ahead.Min - 1;
        while (_ahead.Remove(_all + 1))
            _all++;
    }

    public bool Contains(uint number) => number <= _all || _ahead.Contains(number);
}
