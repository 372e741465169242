namespace Tunnel.Shared.Transport;

/// <summary>
/// Whether the hub still answers, as an edge sees it (protocol.md section 3, Liveness). Silence says nothing by itself: after traffic, or
/// when the hub's own PING is overdue, the edge asks, and doubts when within 3 s nothing came, or nothing of what it sends has arrived. A
/// path that lets small packets through and swallows large ones looks so from either end. Pure; used by the tunnel's tick alone, but for
/// <see cref="IsOn"/>.
/// </summary>
internal sealed class PeerDoubt(long now)
{
    /// <summary>Silence after traffic that is worth a question.</summary>
    public const long AskMilliseconds = 3_000;

    /// <summary>Silence without traffic that is: the hub asks every 15 s.</summary>
    public const long OverdueMilliseconds = 17_000;

    /// <summary>How long the answer may take.</summary>
    public const long AnswerMilliseconds = 3_000;

    private long _heard;
    private long _heardAt = now;
    private long _carried;
    private bool _hadTraffic;
    private long _passed;
    private long? _askedAt;
    private volatile bool _isOn;

    /// <summary>The hub was asked and has not answered.</summary>
    public bool IsOn => _isOn;

    /// <summary>Looks at what has changed since the last time.</summary>
    /// <param name="now">Milliseconds.</param>
    /// <param name="heard">Grows with whatever comes from the hub.</param>
    /// <param name="passed">Grows with what the hub has acknowledged.</param>
    /// <param name="carried">Grows with clients' traffic, either way.</param>
    public DoubtStep Look(long now, long heard, long passed, long carried)
    {
        _hadTraffic |= carried != _carried;
        _carried = carried;
        if (_askedAt is { } asked)
            return Wait(now, asked, heard, passed);
        if (heard != _heard)
            (_heard, _heardAt) = (heard, now);
        if (now - _heardAt < (_hadTraffic ? AskMilliseconds : OverdueMilliseconds))
            return DoubtStep.None;
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

/// <summary>What is to be done.</summary>
internal enum DoubtStep
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Ask the hub for a sign of life.</summary>
    Ask,

    /// <summary>It did not answer: another way to it is worth a try.</summary>
    Doubt,
}
