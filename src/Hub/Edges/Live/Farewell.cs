using System.Collections.Immutable;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>
/// Ends tunnels of a hub that goes: clients find it until shortly before its end, so that few have to wait for the next one.
/// </summary>
internal static class Farewell
{
    /// <summary>
    /// How long before the end the edges are told to open nothing more. It is enough for the streams that are on their way, and short
    /// beside the time that edges hold new clients for.
    /// </summary>
    public static readonly TimeSpan Last = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Lets streams go on, new ones too; tells the edges 2 s before the end, or when no stream is open; then ends the tunnels.
    /// </summary>
    /// <param name="tunnels">The tunnels.</param>
    /// <param name="reason">What GOAWAY says.</param>
    /// <param name="drain">When streams that are still open are reset.</param>
    /// <param name="end">What the tunnels end with.</param>
    /// <param name="time">The clock.</param>
    public static async Task SayAsync(
        ImmutableArray<EdgeTunnel> tunnels, string reason, TimeSpan drain, TunnelEnd end, TimeProvider time)
    {
        // Nobody can bring those another connection that have lost theirs.
        await Task.WhenAll(tunnels.Where(static live => live.Tunnel!.IsLost).Select(live => live.Tunnel!.CloseAsync(end)));
        using var limit = new CancellationTokenSource(drain, time);
        if (drain > Last)
        {
            using var last = new CancellationTokenSource(drain - Last, time);
            await WaitForStreamsAsync(tunnels, last.Token);
        }

        foreach (var live in tunnels)
            live.Tunnel!.SendGoAway(reason);
        // An edge answers at once, and what it opened before comes before its answer. So nothing is on its way when the tunnels are closed.
        await Task.WhenAll(tunnels.Where(Answers).Select(live => live.Left.WaitAsync(Last, time)))
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await WaitForStreamsAsync(tunnels, limit.Token);
        await Task.WhenAll(tunnels.Select(live => live.Tunnel!.CloseAsync(end)));
    }

    private static bool Answers(EdgeTunnel live) =>
        live.JoinedTo is null && live.Tunnel!.Features.HasFlag(TunnelFeatures.GoAway) && !live.Tunnel.Completion.IsCompleted;

    private static async Task WaitForStreamsAsync(ImmutableArray<EdgeTunnel> tunnels, CancellationToken limit) =>
        await Task.WhenAll(tunnels.Select(live => live.Tunnel!.WaitForStreamsAsync(limit)))
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
