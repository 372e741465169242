namespace Tunnel.Shared.Transport;

/// <summary>
/// Whether the hub still answers, as an edge sees it (protocol.md section 3, Liveness). Silence alone proves nothing: after traffic, or
/// when the hub's own PING is overdue, the edge asks, and it doubts the tunnel when within 3 s nothing came or nothing that it sends has
/// arrived. From either end, a path that lets small packets through and swallows large ones looks like this. It does no I/O; only the
/// tunnel's tick uses it, except for <see cref="IsOn"/> and <see cref="Suspect"/>.
/// </summary>
internal sealed class PeerDoubt(long now)
{
    /// <summary>How long the hub may be silent after traffic before the edge asks.</summary>
    public const long AskMilliseconds = 3_000;

    /// <summary>How long the hub may be silent without traffic before the edge asks: the hub sends a PING every 15 s.</summary>
    public const long OverdueMilliseconds = 17_000;

    /// <summary>How long the hub's answer may take.</summary>
    public const long AnswerMilliseconds = 3_000;

    private long _heard;
    private long _heardAt = now;
    private long _carried;
    private bool _hadTraffic;
    private long _passed;
    private long? _askedAt;
    private volatile bool _isOn;
    private volatile bool _isSuspected;

    /// <summary>True when the hub was asked and has not answered in time.</summary>
    public bool IsOn => _isOn;

    /// <summary>Lets the hub be asked at the next look, however long it has been silent.</summary>
    public void Suspect() => _isSuspected = true;

    /// <summary>Checks what has changed since the last call.</summary>
    /// <param name="now">The time in milliseconds.</param>
    /// <param name="heard">Grows with everything that comes from the hub.</param>
    /// <param name="passed">Grows with what the hub has acknowledged.</param>
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

/// <summary>What the caller has to do.</summary>
internal enum DoubtStep
{
    /// <summary>There is nothing to do.</summary>
    None,

    /// <summary>Ask the hub for a sign of life.</summary>
    Ask,

    /// <summary>The hub did not answer: another path to it is worth a try.</summary>
    Doubt,
}
