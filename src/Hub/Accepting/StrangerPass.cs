namespace Tunnel.Hub.Accepting;

/// <summary>What a connection, of which requests come one after the other, needs to become one that is known.</summary>
internal sealed class StrangerPass(StrangerRegistry strangers, Stranger stranger)
{
    private int _admitted;

    /// <summary>
    /// Fires when the connection has to end: its time is over, or a newer one needs its place. Never once it was admitted.
    /// </summary>
    public CancellationToken Limit { get; } = stranger.Limit;

    /// <summary>It has shown that it may be here: it is no stranger any more. May be called again, from any thread.</summary>
    public void Admit()
    {
        if (Interlocked.Exchange(ref _admitted, 1) == 0 && strangers.Leave(stranger))
            stranger.StopClock();
    }

    /// <summary>The connection is over.</summary>
    public void Leave() => Admit();
}
