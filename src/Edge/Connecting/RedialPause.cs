using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Says how long to wait before the hub is dialled again: not at all after most losses, a share of what the hub has told where many edges
/// lose it together, and longer and longer where dials fail or tunnels break at once. Where the hub was not reached, a change of this
/// machine's addresses ends the wait.
/// </summary>
/// <param name="random">Gives this edge's shares, from 0 to 1.</param>
/// <param name="time">The clock.</param>
internal sealed class RedialPause(Func<double> random, TimeProvider time)
{
    /// <summary>
    /// The time from dial to dial while another process has the id. The edge takes over within 5 s of the other's end, and a second of them
    /// is for the dial, the hub's answer and the ports.
    /// </summary>
    internal static readonly TimeSpan ConflictInterval = TimeSpan.FromSeconds(4);

    /// <summary>How long a hub that restarts is dialled every <see cref="RestartPause"/> before the waits begin to grow.</summary>
    internal static readonly TimeSpan RestartPatience = TimeSpan.FromSeconds(10);

    /// <summary>The mean of the pauses: edges that heard of the restart together are not to dial in step.</summary>
    internal static readonly TimeSpan RestartPause = TimeSpan.FromMilliseconds(250);

    private readonly Backoff _backoff = new(random);
    private readonly RedialShare _spread = new(random);
    private readonly ChangePace _changes = new(time);
    private bool _endsWithChange;
    private long _dialledAt;
    private long? _restartedAt;

    /// <summary>Notes what the hub says of the edges that lose it together.</summary>
    public void Note(TunnelConfig config) => _spread.Note(config);

    /// <inheritdoc cref="ChangePace.OnNetworkChanged"/>
    public void OnNetworkChanged() => _changes.OnNetworkChanged();

    /// <summary>Notes that the hub is dialled now.</summary>
    public void OnDial()
    {
        _dialledAt = time.GetTimestamp();
        _endsWithChange = false;
        _changes.OnTry();
    }

    /// <summary>Waits for as long as was said, or until a change of this machine's addresses makes another dial worth it.</summary>
    public Task WaitAsync(TimeSpan pause, CancellationToken cancellationToken) =>
        _endsWithChange ? _changes.WaitAsync(pause, cancellationToken) : Task.Delay(pause, time, cancellationToken);

    /// <summary>Notes that a tunnel takes clients.</summary>
    public void OnConnected() => _restartedAt = null;

    /// <summary>Returns the pause after a tunnel has lost its connection.</summary>
    public TimeSpan AfterLoss(TunnelEnd cause) => _spread.After(cause);

    /// <summary>Returns the pause after a dial that failed by an error of this program.</summary>
    public TimeSpan AfterDefect() => _backoff.Next();

    /// <summary>Returns the pause after a dial that failed.</summary>
    /// <param name="kind">Why it failed.</param>
    /// <param name="longest">The highest ceiling of the pause; null: that of the backoff.</param>
    public TimeSpan AfterFailure(DialFailureKind kind, TimeSpan? longest = null)
    {
        _endsWithChange = kind is DialFailureKind.Unreachable or DialFailureKind.Timeout;
        return IsRestarting(kind) ? RestartPause * (0.5 + random()) : _backoff.Next(_spread.NextCeiling, longest);
    }

    /// <summary>Returns the pause after a tunnel has ended without GOAWAY.</summary>
    /// <param name="end">How it has ended.</param>
    /// <param name="lifetime">How long it lived.</param>
    /// <param name="streamsWait">Whether streams of it wait for another one.</param>
    public TimeSpan AfterEnd(TunnelEnd end, TimeSpan lifetime, bool streamsWait)
    {
        _backoff.OnTunnelEnded(lifetime);

        // Streams wait, but a hub whose tunnels break at once must not be hammered.
        var waits = streamsWait && lifetime >= Backoff.ShortLived;
        return _spread.After(end) + (waits ? TimeSpan.Zero : _backoff.Next());
    }

    /// <summary>Returns the pause after the hub has sent the edge away because another process has its id.</summary>
    public TimeSpan AfterConflict()
    {
        var next = ConflictInterval - time.GetElapsedTime(_dialledAt);
        return next > Backoff.FirstCeiling ? next : Backoff.FirstCeiling;
    }

    /// <summary>Returns the pause after a hub has said that it goes away.</summary>
    /// <param name="goAway">What it has said.</param>
    /// <param name="lifetime">How long its tunnel lived.</param>
    public TimeSpan AfterGoAway(GoAway goAway, TimeSpan lifetime)
    {
        _backoff.OnTunnelEnded(lifetime);
        var isShort = lifetime < Backoff.ShortLived;
        _restartedAt = !isShort && goAway.Reason is GoAway.Shutdown or GoAway.Upgrade ? time.GetTimestamp() : null;
        if (!isShort)
            return _spread.After(null);

        // A hub that sends GOAWAY is dialled again at once, but a hub that sends it on each new tunnel must not be hammered. After an
        // upgrade it answers there already: clients must not wait longer for it if there were several in a row.
        var delay = _backoff.Next();
        return goAway.Reason == GoAway.Upgrade && delay > Backoff.FirstCeiling ? Backoff.FirstCeiling : delay;
    }

    // The hub said that it goes and comes back, so failing to reach it is expected; a refusal by the hub itself is not.
    private bool IsRestarting(DialFailureKind kind) =>
        _restartedAt is { } restarted && time.GetElapsedTime(restarted) < RestartPatience
            && kind is not (DialFailureKind.Unauthorized or DialFailureKind.WrongCertificate);
}
