namespace Tunnel.Shared.Transport.Buffers;

/// <summary>
/// What one peer has of the <see cref="KeptMemory"/>, over all its tunnels, so that one that acknowledges nothing takes the right to resume
/// from no other.
/// <para/> A peer may hold twice what all peers leave free (dynamic thresholds, Choudhury and Hahne 1998): two thirds where it is alone,
/// and never all, so that one that comes later finds room. Nobody has to know how many peers there are, and nothing is divided among those
/// that hold nothing. Inside the share the same holds for each connection and stream (<see cref="KeptHolding"/>): it may hold as much as
/// the peer has left, which is half of the memory for one that is alone.
/// <para/> When others come, a peer may hold more than it is allowed from then on. It keeps that, and waits with more until some is
/// acknowledged. What can't wait goes into a small reserve, which each peer has for itself whatever all others hold: control, and what is
/// sent by a connection or stream that holds little, since others of its peer may be slow.
/// <para/> The limits are soft: whoever has seen room may take it a little later, when others have taken it too. Thread-safe.
/// </summary>
internal sealed class KeptShare(KeptMemory memory, string? peer)
{
    /// <summary>Bytes that a connection or stream may hold as long as there is any room: a batch.</summary>
    public const int Least = SegmentPool.LargeSize;

    private const int MostAtOnce = 1 << 30;

    private long _used;
    private long _reserved;

    /// <summary>The peer; null for one that has no other tunnel.</summary>
    public string? Peer => peer;

    /// <summary>The number of tunnels that have this share. <see cref="KeptMemory"/> guards it.</summary>
    public int Tunnels { get; set; }

    /// <summary>Bytes that the peer's tunnels hold.</summary>
    public long Held => Volatile.Read(ref _used) + Volatile.Read(ref _reserved);

    private long Room => (2 * memory.Free) - Volatile.Read(ref _used);

    /// <summary>Returns how many bytes a connection or stream may add that holds so many already.</summary>
    public int RoomFor(long held)
    {
        var room = Room;
        long most = Least;
        if (room > 0)
            most = memory.IsShort ? Least : Math.Max(Least, room);
        else if (Volatile.Read(ref _reserved) >= memory.Reserve / 2)
            most = 0;
        return (int)Math.Clamp(most - held, 0, MostAtOnce);
    }

    /// <summary>Takes bytes of what all peers share, if this one may hold more of it.</summary>
    public bool TryTake(int bytes)
    {
        if (Room <= 0)
            return false;
        Take(bytes);
        return true;
    }

    /// <summary>Takes bytes of what all peers share.</summary>
    public void Take(int bytes)
    {
        Interlocked.Add(ref _used, bytes);
        memory.Add(bytes);
    }

    /// <summary>Takes bytes of the peer's reserve, if they fit.</summary>
    public bool TryTakeReserve(int bytes)
    {
        if (Interlocked.Add(ref _reserved, bytes) <= memory.Reserve)
            return true;
        ReturnReserve(bytes);
        return false;
    }

    /// <summary>Gives back what <see cref="Take"/> has taken.</summary>
    public void Return(long bytes)
    {
        Interlocked.Add(ref _used, -bytes);
        memory.Add(-bytes);
    }

    /// <summary>Gives back what <see cref="TryTakeReserve"/> has taken.</summary>
    public void ReturnReserve(long bytes) => Interlocked.Add(ref _reserved, -bytes);

    /// <summary>Notes that one of the tunnels keeps nothing any more. What is still held can be given back later.</summary>
    public void Close() => memory.Close(this);
}
