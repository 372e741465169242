namespace Tunnel.Shared.Transport.Quic.Connections;

/// <summary>
/// Whether a connection whose peer came from another address has got over it. libmsquic 2.5 does not note which path a packet takes
/// (<c>QUIC_SENT_PACKET_METADATA.PathId</c> stays 0), so that on any path but the first it measures neither sizes nor round trips, and
/// sends one challenge only (RFC 9000, 8.2): where that or its answer is lost, it may send no more than three times what comes, and the
/// connection crawls for good, with signs of life. Packets that stay the smallest tell, also on a sound path that carries no larger ones.
/// </summary>
internal sealed class NewPath
{
    /// <summary>How long the measuring may take.</summary>
    public const long PatienceMilliseconds = 5_000;

    private const long None = -1;

    private long _since = None;

    /// <summary>Notes another address of the peer.</summary>
    public void OnChanged(long now) => Volatile.Write(ref _since, now);

    /// <summary>Looks once, when the time for it has come. Waits for a worker then.</summary>
    public bool IsStuck(QuicConnection connection, long now)
    {
        if (Volatile.Read(ref _since) is not (>= 0 and var since) || now - since < PatienceMilliseconds)
            return false;
        // If it has changed once more, a later look tells.
        if (Interlocked.CompareExchange(ref _since, None, since) != since)
            return false;
        connection.NoteStatistics();
        return connection.PathMtu is > 0 and <= DatagramLimit.SmallestPacket;
    }
}
