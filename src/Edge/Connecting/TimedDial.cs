using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>A dial that may take only so long, since while a path is cut a later one gets through sooner.</summary>
internal static class TimedDial
{
    /// <summary>Dials; when that takes too long, the outcome is that the hub did not answer.</summary>
    /// <param name="dial">Dials until it is cancelled.</param>
    /// <param name="host">The hub's name, for messages.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up the dial.</param>
    public static async Task<DialOutcome> RunAsync(
        Func<CancellationToken, Task<DialOutcome>> dial, string host, TimeSpan limit, TimeProvider time,
        CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await dial(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new DialOutcome(
                DialResult.Failed(DialFailureKind.Timeout, $"{host} did not answer within {limit.TotalSeconds:0} s"),
                TransportChoice.Configured);
        }
    }
}
