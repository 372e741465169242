using Microsoft.Extensions.Logging;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Dials a tunnel that is to replace one that still serves: because another transport is preferred, because it is stuck or lost, or
/// because its stream numbers are running out, or the secret that it was made with.
/// </summary>
/// <param name="transports">Dials the successors.</param>
/// <param name="rescue">Dials beside a tunnel that is stuck.</param>
/// <param name="resumption">Dials for a tunnel that has lost its connection.</param>
/// <param name="secret">Dials with a secret that another hub has renewed.</param>
/// <param name="failed">Reports a dial that failed, and returns how long to wait before the next.</param>
/// <param name="time">The clock for the waits.</param>
/// <param name="logger">The log.</param>
internal sealed class Successors(
    TransportSelector transports, Rescue rescue, Resumption resumption, SharedSecret secret, Func<DialFailure, TimeSpan> failed,
    TimeProvider time, ILogger logger)
{
    /// <summary>Waits for the tunnel's end or GOAWAY (returns null), or for a tunnel that is to take its place.</summary>
    /// <param name="live">The tunnel.</param>
    /// <param name="port">The hub's port.</param>
    /// <param name="request">Makes the request of each dial.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<DialOutcome?> AwaitAsync(HubTunnel live, int port, Func<DialRequest> request, CancellationToken cancellationToken)
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task<DialOutcome>> ways =
        [
            rescue.AwaitAsync(live, port, request, cut.Token),
            resumption.AwaitAsync(live, request, cut.Token),
            DialWhenNumbersEndAsync(live.Tunnel, port, request, cut.Token),
            secret.AwaitAsync(port, request, cut.Token),
        ];
        if (transports.PrefersOtherThan(live.Tunnel.Kind))
            ways.Add(transports.AwaitQuicAsync(port, request, cut.Token));
        await Task.WhenAny([live.Tunnel.Completion, live.GoAway, .. ways]);
        await cut.CancelAsync();
        DialOutcome? successor = null;
        foreach (var way in ways)
        {
            await ((Task)way).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!way.IsCompletedSuccessfully)
                continue;
            // Two successors may be ready at once; one is enough.
            if (successor?.Result.Tunnel is { } first)
                await first.DisposeAsync();
            successor = await way;
        }

        if (successor is null)
            cancellationToken.ThrowIfCancellationRequested();
        return successor;
    }

    /// <summary>Dials a tunnel over any transport when this one's numbers run out (protocol.md section 3).</summary>
    private async Task<DialOutcome> DialWhenNumbersEndAsync(
        ITunnel tunnel, int port, Func<DialRequest> request, CancellationToken cancellationToken)
    {
        await tunnel.NumbersEnding.WaitAsync(cancellationToken);
        ConnectingLog.NumbersEnding(logger, tunnel.RemoteEndPoint);
        while (true)
        {
            var outcome = await transports.DialAsync(port, request(), cancellationToken);
            if (outcome.Result.Failure is not { } failure)
                return outcome;
            await Task.Delay(failed(failure), time, cancellationToken);
        }
    }
}
