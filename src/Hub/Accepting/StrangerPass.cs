using Tunnel.Shared.Strangers;

namespace Tunnel.Hub.Accepting;

/// <summary>Lets a connection that carries one request after another stop being a stranger.</summary>
internal sealed class StrangerPass(StrangerRegistry strangers, Stranger stranger)
{
    private int _admitted;

    /// <summary>
    /// Fires when the connection has to end because its time has passed or a newer one needs its place. Never fires after it was
    /// admitted.
    /// </summary>
    public CancellationToken Limit { get; } = stranger.Limit;

    /// <summary>
    /// Notes that the connection has proved its right to be here and is no stranger any more. Any thread; may be repeated.
    /// </summary>
    public void Admit()
    {
        if (Interlocked.Exchange(ref _admitted, 1) == 0 && strangers.Leave(stranger))
            stranger.StopClock();
    }

    /// <summary>Notes that the connection has ended.</summary>
    public void Leave() => Admit();
}
