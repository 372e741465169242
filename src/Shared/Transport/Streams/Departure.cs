namespace Tunnel.Shared.Transport.Streams;

/// <summary>
/// Which ends of a tunnel have announced that they take no new streams (GOAWAY, protocol.md section 3). Members that change it are used
/// with the tunnel's lock held.
/// </summary>
internal sealed class Departure(TransportContext context)
{
    // OPENs that may have crossed our GOAWAY are served for this long.
    private const long GraceMilliseconds = 5_000;

    private long _announcedAt = -1;

    /// <summary>True when the peer has sent GOAWAY.</summary>
    public bool IsPeerLeaving { get; private set; }

    /// <summary>True when we have sent GOAWAY.</summary>
    public bool IsAnnounced => Volatile.Read(ref _announcedAt) >= 0;

    /// <summary>True when an OPEN that comes now is served. For 5 s after our GOAWAY it may have been on its way already.</summary>
    public bool ServesOpens => !IsPeerLeaving && (!IsAnnounced || context.NowMilliseconds - _announcedAt <= GraceMilliseconds);

    /// <returns>False when that was noted before.</returns>
    public bool TryAnnounce()
    {
        if (IsAnnounced)
            return false;
        Volatile.Write(ref _announcedAt, context.NowMilliseconds);
        return true;
    }

    /// <returns>False when that was noted before.</returns>
    public bool TryNotePeerLeaving()
    {
        if (IsPeerLeaving)
            return false;
        return IsPeerLeaving = true;
    }
}
