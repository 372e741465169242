namespace Tunnel.Shared.Transport.Quic.Connections;

/// <summary>
/// Whether a connection whose peer came from another address has got over it. Until the new path is validated (RFC 9000, 8.2) at most three
/// times as much may be sent there as comes, and libmsquic 2.5 does not repeat the one challenge for that: where it or the answer is lost,
/// the connection crawls for good, although it gives signs of life. It measures larger packets only on a path that is validated, so that
/// packets that have stayed the smallest tell.
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
