using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Dials over QUIC and, a moment later, over TLS beside it. QUIC is preferred: it wins where both get through at about the same time, and
/// TLS is not even dialled where QUIC gets through at once, or the hub refuses the edge over it.
/// </summary>
internal sealed class TransportRace(TimeProvider time)
{
    /// <summary>How much later TLS is dialled. A hub that answers over QUIC mostly does so within this time.</summary>
    internal static readonly TimeSpan Lead = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// How long QUIC still has when TLS is there. It includes the second sending of its first packet, a second after the first.
    /// </summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(850);

    /// <summary>Dials until one of them is a tunnel or both have failed.</summary>
    /// <param name="quic">Dials over QUIC.</param>
    /// <param name="tls">Dials over TLS.</param>
    /// <param name="mayFallBack">Whether TLS may take the place of QUIC after such a failure.</param>
    /// <param name="cancellationToken">Gives up both.</param>
    /// <returns>What came of each; null where the other had won before, or it was not to be tried.</returns>
    public async Task<(DialResult? Quic, DialResult? Tls)> RunAsync(
        Func<CancellationToken, Task<DialResult>> quic, Func<CancellationToken, Task<DialResult>> tls,
        Func<DialFailureKind, bool> mayFallBack, CancellationToken cancellationToken)
    {
        using var losers = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var (first, second) = (quic(losers.Token), default(Task<DialResult>));
        (DialResult? Quic, DialResult? Tls) won = default;
        try
        {
            if (!await first.EndsWithinAsync(Lead, time, cancellationToken))
            {
                second = tls(losers.Token);
                await Task.WhenAny(first, second);
                if (!first.IsCompleted && (await second).Tunnel is not null && !await first.EndsWithinAsync(Grace, time, cancellationToken))
                    return won = (null, await second);
            }

            var result = await first;
            if (result.Failure is not { } failure || !mayFallBack(failure.Kind))
                return won = (result, null);
            return won = (result, await (second ??= tls(losers.Token)));
        }
        finally
        {
            await losers.CancelAsync();
            if (won.Quic is null)
                first.DiscardAsync().Guard("closing a tunnel that came too late");
            if (won.Tls is null)
                second?.DiscardAsync().Guard("closing a tunnel that came too late");
        }
    }
}
