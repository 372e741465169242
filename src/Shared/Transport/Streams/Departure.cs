namespace Tunnel.Shared.Transport.Streams;

/// <summary>
/// Which ends of a tunnel have announced that they take no new streams (GOAWAY, protocol.md section 3). Members that change it are used
/// with the tunnel's lock held.
/// </summary>
internal sealed class Departure(TransportContext context)
{
    /// <summary>How long OPENs are served that may have crossed our GOAWAY, or that the peer's own may have overtaken.</summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private long _announcedAt = -1;
    private long _peerLeftAt = -1;

    /// <summary>True when the peer has sent GOAWAY.</summary>
    public bool IsPeerLeaving => Volatile.Read(ref _peerLeftAt) >= 0;

    /// <summary>True when we have sent GOAWAY.</summary>
    public bool IsAnnounced => Volatile.Read(ref _announcedAt) >= 0;

    /// <summary>
    /// True when an OPEN that comes now is served: nobody has said GOAWAY, or so shortly before that the OPEN may have been said first.
    /// Over QUIC each has a stream of its own, and over TLS a GOAWAY goes ahead of OPENs that wait.
    /// </summary>
    public bool ServesOpens => IsRecent(_announcedAt) && IsRecent(_peerLeftAt);

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
        Volatile.Write(ref _peerLeftAt, context.NowMilliseconds);
        return true;
    }

    private bool IsRecent(long since) => since < 0 || context.NowMilliseconds - since <= Grace.TotalMilliseconds;
}
