using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Targets.Pools;

/// <summary>One connection's or session's use of a pool's member.</summary>
internal sealed class PoolUse(TargetPool pool, PoolMember member, bool isProbe, TimeProvider time) : IUpstreamUse
{
    // An upstream that resets a connection within this time, before any byte, has not served it; one that waits longer has taken it.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly long _start = time.GetTimestamp();
    private ITimer? _grace;
    private volatile bool _isConnected;
    private int _isDecided;
    private int _isEnded;

    public PoolMember Member => member;

    public string Target => member.Text;

    public string Host => member.Target.Host;

    /// <summary>Whether it is one of the few connections that decide whether the member works again.</summary>
    public bool IsProbe => isProbe;

    /// <summary>Whether the member is no longer to be used: what can move goes elsewhere.</summary>
    public bool IsEjected => pool.IsEjected(member);

    /// <summary>Whether as much time has passed since the choice.</summary>
    public bool HasTaken(TimeSpan duration) => time.GetElapsedTime(_start) >= duration;

    /// <summary>Notes that the connection was made. One on which others wait is believed to work after a second of silence.</summary>
    public void NoteConnected()
    {
        _isConnected = true;
        if (isProbe)
            _grace = time.CreateGuardedTimer(static use => use.NoteSuccess(), this, Grace, Timeout.InfiniteTimeSpan);
    }

    public void NoteFirstRead(LocalReadStatus status)
    {
        if (status == LocalReadStatus.Reset && !HasTaken(Grace))
            NoteFailed();
        else
            NoteSuccess();
    }

    /// <summary>Notes that the member has answered.</summary>
    public void NoteSuccess()
    {
        // Called for each datagram, so only the first one writes.
        if (Volatile.Read(ref _isDecided) == 0 && Interlocked.Exchange(ref _isDecided, 1) == 0)
            pool.NoteSuccess(this);
    }

    public void NoteFailed() => NoteFailed(StreamFailure.UpstreamGone);

    /// <summary>Notes that the member did not serve the client.</summary>
    public void NoteFailed(StreamFailure failure)
    {
        if (Interlocked.Exchange(ref _isDecided, 1) == 0)
            pool.NoteFailure(this, isProbe, failure);
    }

    /// <summary>Notes that nobody listens there any more, though it may have answered before.</summary>
    public void NoteRefused() =>
        pool.NoteFailure(this, Interlocked.Exchange(ref _isDecided, 1) == 0 && isProbe, StreamFailure.Refused);

    public void End()
    {
        if (Interlocked.Exchange(ref _isEnded, 1) != 0)
            return;
        _grace?.Dispose();
        if (_isConnected && HasTaken(Grace))
            NoteSuccess();
        pool.Release(this, wasDecided: Interlocked.Exchange(ref _isDecided, 1) != 0);
    }
}
