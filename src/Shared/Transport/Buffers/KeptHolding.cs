namespace Tunnel.Shared.Transport.Buffers;

/// <summary>
/// What one connection or stream holds of its peer's <see cref="KeptShare"/>. Not thread-safe; a field of whoever holds it, never a copy.
/// </summary>
/// <param name="share">The peer's share.</param>
internal struct KeptHolding(KeptShare share)
{
    private long _reserved;

    /// <summary>Bytes that are held.</summary>
    public long Bytes { get; private set; }

    /// <summary>Bytes that may be added now.</summary>
    public readonly int Room => share.RoomFor(Bytes);

    /// <summary>
    /// Takes room for data for which there was <see cref="Room"/> when it was decided to send it, even if others have taken it since: what
    /// is sent can't be taken back, and what was kept before is of no use without it.
    /// </summary>
    public void Take(int bytes)
    {
        if (!TryTake(bytes))
        {
            share.Take(bytes);
            Bytes += bytes;
        }
    }

    /// <summary>Takes room for control, of the peer's reserve where it may hold no more.</summary>
    /// <returns>False when there is none.</returns>
    public bool TryTake(int bytes)
    {
        if (!share.TryTake(bytes))
        {
            if (!share.TryTakeReserve(bytes))
                return false;
            _reserved += bytes;
        }

        Bytes += bytes;
        return true;
    }

    /// <summary>Gives back room, first that of the reserve.</summary>
    public void Return(int bytes)
    {
        Bytes -= bytes;
        var reserved = Math.Min(bytes, _reserved);
        if (reserved > 0)
        {
            _reserved -= reserved;
            share.ReturnReserve(reserved);
        }

        if (bytes > reserved)
            share.Return(bytes - reserved);
    }
}
