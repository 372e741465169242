using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>
/// Asks a tunnel that stands in a newcomer's way for signs of life, also between the newcomer's tries. Most ends are seen at once, but a
/// machine that loses its power just falls silent, and so does a process that is killed over QUIC. When the newcomer comes again, that is
/// known, and it does not wait for an answer first.
/// </summary>
internal sealed class RivalWatch(ITunnel tunnel, TimeProvider time)
{
    /// <summary>The pause between an answer and the next question.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>How long the questions go on after the last newcomer was turned away; it comes again within half of that.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock _sync = new();
    private Task<bool>? _answer;
    private long _turnedAwayAt;
    private bool _isWatching;

    /// <summary>The tunnel that is watched.</summary>
    public ITunnel Tunnel => tunnel;

    /// <summary>Returns whether the tunnel lives: within 3 s, or at once when it has not answered for so long.</summary>
    public Task<bool> IsAliveAsync()
    {
        // A question that is on its way tells as much as another one, and sooner. Asking may send on this thread, so no lock is held.
        Task<bool>? answer;
        lock (_sync)
            answer = _answer;
        return answer ?? AskAsync();
    }

    /// <summary>Notes that a newcomer was turned away, and goes on asking.</summary>
    public void OnTurnedAway()
    {
        lock (_sync)
        {
            _turnedAwayAt = time.GetTimestamp();
            if (_isWatching)
                return;
            _isWatching = true;
        }

        WatchAsync().Guard("watching the tunnel of an edge that another process wants to be");
    }

    private async Task WatchAsync()
    {
        var isAlive = true;
        while (true)
        {
            // A tunnel that is silent is asked on without a pause, so that its first sign of life counts.
            if (isAlive || tunnel.IsLost)
                await Task.Delay(Pause, time);
            if (!GoesOn())
                return;
            var question = AskAsync();
            lock (_sync)
                _answer ??= question;
            isAlive = await question;
            lock (_sync)
            {
                // Without a connection it does not answer, but it may get another one at any moment.
                _answer = isAlive || tunnel.IsLost ? null : question;
            }
        }
    }

    private bool GoesOn()
    {
        lock (_sync)
        {
            _isWatching = !tunnel.Completion.IsCompleted && time.GetElapsedTime(_turnedAwayAt) < Patience;
            if (!_isWatching)
                _answer = null;
            return _isWatching;
        }
    }

    private async Task<bool> AskAsync()
    {
        var answer = tunnel.ProbeAsync(TunnelRivalry.ProbeTimeout, CancellationToken.None);
        return await Task.WhenAny(answer, tunnel.Completion) == answer && await answer;
    }
}
