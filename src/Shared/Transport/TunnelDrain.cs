namespace Tunnel.Shared.Transport;

/// <summary>Waits until a tunnel that another has replaced carries nothing more.</summary>
public static class TunnelDrain
{
    /// <summary>How often a tunnel that only carries UDP sessions is asked whether it still does.</summary>
    private static readonly TimeSpan SessionsInterval = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Completes when the tunnel has neither streams nor UDP sessions, or has ended. The edge would open a session that is cut off again,
    /// over the newer tunnel, but its upstream would then see another client, and what is under way would be lost. On a tunnel that is in
    /// doubt, sessions have nothing to lose and are not waited for.
    /// </summary>
    /// <param name="tunnel">The tunnel. It takes no new streams and sessions any more.</param>
    /// <param name="time">The clock of the wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public static async Task WaitUntilUnusedAsync(this ITunnel tunnel, TimeProvider time, CancellationToken cancellationToken)
    {
        await tunnel.WaitForStreamsAsync(cancellationToken);
        while (tunnel.ActiveSessions > 0 && !tunnel.IsInDoubt && !tunnel.Completion.IsCompleted)
            await Task.WhenAny(tunnel.Completion, Task.Delay(SessionsInterval, time, cancellationToken)).Unwrap();
    }
}
