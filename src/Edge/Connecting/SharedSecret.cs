using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Dials a successor for a tunnel with a secret that another hub of the edge has renewed (protocol.md section 7). Hubs that share their
/// state end each tunnel that was made with the old secret when that secret ends, and only the hub that renews it can tell the edge. A hub
/// that shares nothing refuses the new one, and keeps its tunnel.
/// </summary>
/// <param name="renewals">What the hubs have renewed.</param>
/// <param name="transports">Dials.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class SharedSecret(HubRenewals renewals, TransportSelector transports, TimeProvider time, ILogger logger)
{
    /// <summary>
    /// The waits before each try: a hub hears of a change within seconds, or when its database is back. More tries would be those of a
    /// stranger at a hub that shares nothing.
    /// </summary>
    internal static readonly ImmutableArray<TimeSpan> Pauses =
        [TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10)];

    /// <summary>Waits for such a secret, and for a tunnel with it.</summary>
    /// <param name="port">The hub's port.</param>
    /// <param name="request">Makes the request of each dial.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<DialOutcome> AwaitAsync(int port, Func<DialRequest> request, CancellationToken cancellationToken)
    {
        while (true)
        {
            var next = renewals.NextOffer;
            if (renewals.Offered is { } secret)
            {
                if (await TryAsync(secret, port, request, cancellationToken) is { } outcome)
                    return outcome;
                renewals.Decline(secret);
            }

            await next.WaitAsync(cancellationToken);
        }
    }

    private async Task<DialOutcome?> TryAsync(string secret, int port, Func<DialRequest> request, CancellationToken cancellationToken)
    {
        foreach (var pause in Pauses)
        {
            await Task.Delay(pause, time, cancellationToken);

            // Another secret may be offered by now, or this one be the hub's own.
            if (!ReferenceEquals(renewals.Offered, secret))
                return null;
            try
            {
                var outcome = await transports.DialAsync(port, request() with { Secret = secret }, cancellationToken);
                if (outcome.Result.Failure is not null)
                    continue;
                renewals.Adopt(secret);
                ConnectingLog.SecretShared(logger, renewals.Current.Name);
                return outcome;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // A bug in a transport must not end the watch over a tunnel that works.
                Defects.Note("dialling with another hub's secret", e);
            }
        }

        return null;
    }
}
