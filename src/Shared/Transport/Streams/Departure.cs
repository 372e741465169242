namespace Tunnel.Shared.Transport.Streams;

/// <summary>
/// Which end of a tunnel has said that it takes no new streams (GOAWAY, protocol.md section 3). All members are used with the tunnel's lock
/// held, but those that only look.
/// </summary>
internal sealed class Departure(TransportContext context)
{
    // OPENs that crossed our GOAWAY are served this long.
    private const long GraceMilliseconds = 5_000;

    private long _announcedAt = -1;

    /// <summary>The peer has said so.</summary>
    public bool IsPeerLeaving { get; private set; }

    /// <summary>We have.</summary>
    public bool IsAnnounced => Volatile.Read(ref _announcedAt) >= 0;

    /// <summary>The peer's OPEN that comes now is served, though we leave: it may have been on its way.</summary>
    public bool ServesOpens => !IsPeerLeaving && (!IsAnnounced || context.NowMilliseconds - _announcedAt <= GraceMilliseconds);

    /// <returns>False when that was known.</returns>
    public bool TryAnnounce()
    {
        if (IsAnnounced)
            return false;
        Volatile.Write(ref _announcedAt, context.NowMilliseconds);
        return true;
    }

    /// <returns>False when that was known.</returns>
    public bool TryNotePeerLeaving()
    {
        if (IsPeerLeaving)
            return false;
        return IsPeerLeaving = true;
    }
}
