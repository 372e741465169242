namespace Tunnel.Shared.Transport.Quic.Streams;

/// <summary>
/// The priority of what a stream sends: low while it carries bulk for long, or while its peer takes nothing though more waits. It is only
/// set in callbacks of the connection, where the call does not wait.
/// </summary>
internal sealed class OutputPriority(StalledStreams stalled, IPrioritized stream)
{
    private int _watched;
    private bool _stalled;
    private bool _isLow;

    /// <summary>True while the stream carries bulk for long; takes effect with the next acknowledgement.</summary>
    public volatile bool IsSustained;

    /// <summary>Notes that the stream waits for its peer.</summary>
    public void OnBlocked()
    {
        if (Interlocked.Exchange(ref _watched, 1) == 0)
            stalled.Watch(this);
    }

    /// <summary>Notes that the peer has taken something. Called on a worker of msquic.</summary>
    public void OnProgress()
    {
        _stalled = false;
        Update();
    }

    /// <summary>Looks at a stream that was blocked a while ago. Called on a worker of msquic.</summary>
    /// <returns>True when it is to be looked at again, because it is still blocked but has made progress.</returns>
    public bool Review(long now)
    {
        // The stream may be blocked again at this moment, and then either this or OnBlocked sees to it.
        Interlocked.Exchange(ref _watched, 0);
        if (!stream.IsBlocked)
            return false;
        if (now - stream.LastProgress < StalledStreams.PatienceMilliseconds)
            return Interlocked.Exchange(ref _watched, 1) == 0;
        _stalled = true;
        Update();
        return false;
    }

    private void Update()
    {
        var low = IsSustained || _stalled;
        if (low == _isLow)
            return;
        _isLow = low;
        stream.SetLowPriority(low);
    }
}
