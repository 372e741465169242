namespace Tunnel.Edge.Udp;

/// <summary>
/// Keeps a service from being turned against others: a datagram's source address may be forged, and then all that answers it hits somebody
/// who has asked for nothing. Until a session's client has sent a second datagram, it gets at most ten times what it has sent.
/// </summary>
internal sealed class AmplificationGuard
{
    /// <summary>How many bytes an answer may have for each byte of the client.</summary>
    public const int MaxFactor = 10;

    // What a datagram costs its receiver beside its payload: the headers of IP and UDP.
    private const int HeaderLength = 28;

    private int _datagrams;
    private long _asked;
    private long _answered;

    /// <summary>Notes a datagram of the client. Never called by two threads at once.</summary>
    public void NoteAsked(int length)
    {
        if (_datagrams > 1)
            return;
        Volatile.Write(ref _asked, _asked + length + HeaderLength);
        Volatile.Write(ref _datagrams, _datagrams + 1);
    }

    /// <summary>
    /// Whether an answer may be sent; then it is counted as sent. While a session goes over to another tunnel, answers may come from both.
    /// </summary>
    public bool Allows(int length)
    {
        if (Volatile.Read(ref _datagrams) > 1)
            return true;
        var cost = length + HeaderLength;
        if (Interlocked.Add(ref _answered, cost) <= Volatile.Read(ref _asked) * MaxFactor)
            return true;
        Interlocked.Add(ref _answered, -cost);
        return false;
    }
}
