using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Dials for a tunnel that has lost its connection, so that it goes on with all that is open (protocol.md section 8). A hub that has not
/// kept it makes a new tunnel of the dialled connection instead, and the lost one ends.
/// </summary>
/// <param name="transports">Dials the connections.</param>
/// <param name="failed">Reports a dial that failed, and returns how long to wait before the next.</param>
/// <param name="time">The clock for the waits.</param>
/// <param name="logger">The log.</param>
internal sealed class Resumption(
    TransportSelector transports, Func<DialFailure, TimeSpan> failed, TimeProvider time, ILogger logger)
{
    /// <summary>The highest ceiling of the waits between tries: clients wait too.</summary>
    internal static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The limit for the first try; each further one may take as much longer. While a path is cut the kernel asks less and less often, and
    /// a new try gets through sooner.
    /// </summary>
    internal static readonly TimeSpan TryLimit = TimeSpan.FromSeconds(4);

    /// <summary>Lets a tunnel go on over a connection that was dialled for it.</summary>
    /// <returns>The connection, when it is a tunnel of its own that has to take the place of the other; else null.</returns>
    public static async Task<DialOutcome?> GoOnAsync(ITunnel tunnel, DialOutcome outcome, CancellationToken cancellationToken)
    {
        switch (await tunnel.ResumeOverAsync(outcome.Result.Tunnel!, cancellationToken))
        {
            case ResumeOutcome.Resumed or ResumeOutcome.Failed:
                return null;
            case ResumeOutcome.Refused:
                await tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.ConnectionLost, "the hub has not kept what was open"));
                return outcome;
            default:
                return outcome;
        }
    }

    /// <summary>Brings a tunnel another connection when it has lost its own; returns when another tunnel is to take its place.</summary>
    public async Task<DialOutcome> AwaitAsync(HubTunnel live, Func<DialRequest> request, CancellationToken cancellationToken)
    {
        while (true)
        {
            await live.WaitForLossAsync(cancellationToken);
            if (await BringBackAsync(live, request, cancellationToken) is { } other)
                return other;
        }
    }

    /// <summary>
    /// Dials until a tunnel goes on. Where its transport does not get through at once, the preferred one is tried too: what is open goes on
    /// within a tunnel over that one.
    /// </summary>
    private async Task<DialOutcome?> BringBackAsync(HubTunnel live, Func<DialRequest> request, CancellationToken cancellationToken)
    {
        using var back = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var hasFailed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        List<Task<DialOutcome?>> ways = [DialSameAsync(live, request, hasFailed, back.Token)];
        if (transports.PrefersOtherThan(live.Tunnel.Kind))
            ways.Add(DialQuicAsync(request, hasFailed.Task, back.Token));
        await Task.WhenAny(ways);
        await back.CancelAsync();
        DialOutcome? successor = null;
        foreach (var way in ways)
        {
            await ((Task)way).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!way.IsCompletedSuccessfully || await way is not { } outcome)
                continue;

            // Both may get through at once; one is enough.
            if (successor?.Result.Tunnel is { } first)
                await first.DisposeAsync();
            successor = outcome;
        }

        if (successor is null)
            cancellationToken.ThrowIfCancellationRequested();
        return successor;
    }

    /// <summary>Asks for the address of a tunnel first: where the hub's name has several, another hub may be behind the others.</summary>
    public static DialRequest WithAddressOf(ITunnel tunnel, DialRequest request) =>
        request with { Address = new IPEndPoint(tunnel.RemoteEndPoint.Address, request.Address.Port) };

    private async Task<DialOutcome?> DialSameAsync(
        HubTunnel live, Func<DialRequest> request, TaskCompletionSource hasFailed, CancellationToken cancellationToken)
    {
        for (var limit = TryLimit; live.Tunnel.IsLost; limit += TryLimit)
        {
            await Task.Delay(live.TakePause(), time, cancellationToken);
            TimeSpan pause;
            try
            {
                var outcome = await DialAsync(live.Tunnel.Kind, WithAddressOf(live.Tunnel, request()), limit, cancellationToken);
                if (outcome.Result.Failure is { } failure)
                    pause = failed(failure);
                else if (await GoOnAsync(live.Tunnel, outcome, cancellationToken) is { } other)
                    return other;
                else
                    pause = live.Tunnel.IsLost ? Backoff.FirstCeiling : TimeSpan.Zero;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // If this goes on, what is open ends with the grace.
                ResumptionLog.Faulted(logger, e);
                pause = LongestPause;
            }

            if (pause <= TimeSpan.Zero)
                continue;
            hasFailed.TrySetResult();
            await Task.Delay(pause, time, cancellationToken);
        }

        return null;
    }

    private async Task<DialOutcome?> DialQuicAsync(Func<DialRequest> request, Task hasFailed, CancellationToken cancellationToken)
    {
        await hasFailed.WaitAsync(cancellationToken);
        return await transports.InsistOnQuicAsync(request, LongestPause, cancellationToken);
    }

    private Task<DialOutcome> DialAsync(
        TransportKind kind, DialRequest request, TimeSpan limit, CancellationToken cancellationToken) =>
        TimedDial.RunAsync(
            token => transports.DialSameAsync(kind, request, token), request.HostName, limit, time, cancellationToken);
}
