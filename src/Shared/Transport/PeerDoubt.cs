namespace Tunnel.Shared.Transport;

/// <summary>
/// Whether the peer still answers, as whoever can make another connection sees it (protocol.md section 3, Liveness). Silence alone proves
/// nothing: after traffic, or when the hub's PING or the answer to it is overdue, the peer is asked, and the tunnel doubted when within 3 s
/// nothing came or nothing that is sent has arrived. From either end, a path that lets small packets through and swallows
/// large ones looks like this. It does no I/O; only the tunnel's tick uses it, except for <see cref="IsOn"/> and <see cref="Suspect"/>.
/// </summary>
internal sealed class PeerDoubt(long now)
{
    /// <summary>How long the peer may be silent after traffic before it is asked.</summary>
    public const long AskMilliseconds = 3_000;

    /// <summary>How long the peer may be silent without traffic before it is asked: PING or PONG comes every 15 s.</summary>
    public const long OverdueMilliseconds = 17_000;

    /// <summary>How long the peer's answer may take.</summary>
    public const long AnswerMilliseconds = 3_000;

    private long _heard;
    private long _heardAt = now;
    private long _carried;
    private bool _hadTraffic;
    private long _passed;
    private long? _askedAt;
    private volatile bool _isOn;
    private volatile bool _isSuspected;

    /// <summary>True when the peer was asked and has not answered in time.</summary>
    public bool IsOn => _isOn;

    /// <summary>Lets the peer be asked at the next look, however long it has been silent.</summary>
    public void Suspect() => _isSuspected = true;

    /// <summary>Checks what has changed since the last call.</summary>
    /// <param name="now">The time in milliseconds.</param>
    /// <param name="heard">Grows with everything that comes from the peer.</param>
    /// <param name="passed">Grows with what the peer has acknowledged.</param>
    /// <param name="carried">Grows with clients' traffic, in either direction.</param>
    public DoubtStep Look(long now, long heard, long passed, long carried)
    {
        _hadTraffic |= carried != _carried;
        _carried = carried;
        if (_askedAt is { } asked)
            return Wait(now, asked, heard, passed);
        if (heard != _heard)
            (_heard, _heardAt) = (heard, now);
        if (!_isSuspected && now - _heardAt < (_hadTraffic ? AskMilliseconds : OverdueMilliseconds))
            return DoubtStep.None;
        _isSuspected = false;
        (_askedAt, _passed, _hadTraffic) = (now, passed, false);
        return DoubtStep.Ask;
    }

    private DoubtStep Wait(long now, long asked, long heard, long passed)
    {
        if (heard != _heard && passed != _passed)
        {
            (_heard, _heardAt, _askedAt) = (heard, now, null);
            _isOn = false;
            return DoubtStep.None;
        }

        if (_isOn || now - asked < AnswerMilliseconds)
            return DoubtStep.None;
        _isOn = true;
        return DoubtStep.Doubt;
    }
}

/// <summary>Says what the caller has to do.</summary>
internal enum DoubtStep
{
    /// <summary>There is nothing to do.</summary>
    None,

    /// <summary>Ask the peer for a sign of life.</summary>
    Ask,

    /// <summary>The peer did not answer: another path to it is worth a try.</summary>
    Doubt,
}
