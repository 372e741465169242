using System.Collections.Immutable;
using Tunnel.Shared.Protocol.Messages;
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
        // Tunnels that have lost their connection end now: nobody can bring them another one.
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

    /// <summary>
    /// Sends the edges to the process that has taken this one's place. What is open goes on, and each tunnel is ended once nothing is left
    /// on it. Two kinds of tunnels have only the drain time: those of base peers, which can't be told; and all over QUIC where an edge
    /// comes over nothing else, since the other process has no UDP port before they have ended.
    /// </summary>
    /// <param name="tunnels">The tunnels.</param>
    /// <param name="limit">When streams that are still open are reset.</param>
    /// <param name="drain">The same for tunnels that have only the drain time.</param>
    /// <param name="end">What the tunnels end with.</param>
    /// <param name="time">The clock.</param>
    public static Task SendAwayAsync(
        ImmutableArray<EdgeTunnel> tunnels, TimeSpan limit, TimeSpan drain, TunnelEnd end, TimeProvider time)
    {
        var quic = tunnels.Where(static live => live.Tunnel!.Kind == TransportKind.Quic).ToImmutableArray();
        var bound = quic.Where(static live => live.Hello?.QuicOnly == true).ToImmutableArray();
        return bound.IsEmpty
            ? SendEachAwayAsync(tunnels, limit)
            : Task.WhenAll(SendEachAwayAsync(tunnels.RemoveRange(quic), limit), FreePortAsync());

        // An edge that would find nobody goes on as it is until the others have left the port.
        async Task FreePortAsync()
        {
            var start = time.GetTimestamp();
            await SendEachAwayAsync(quic.RemoveRange(bound), drain > Last ? drain - Last : TimeSpan.Zero);
            var left = drain - time.GetElapsedTime(start);
            await SayAsync(bound, GoAway.Upgrade, left > TimeSpan.Zero ? left : TimeSpan.Zero, end, time);
        }

        async Task SendEachAwayAsync(ImmutableArray<EdgeTunnel> some, TimeSpan within)
        {
            using var last = new CancellationTokenSource(within, time);
            using var early = new CancellationTokenSource(drain < within ? drain : within, time);
            await Task.WhenAll(some.Select(live => SendAwayAsync(live, last.Token, early.Token, end, time)));
        }
    }

    /// <summary>Sends an edge to its next tunnel at this hub, and ends this one once nothing is left on it.</summary>
    /// <param name="live">The tunnel.</param>
    /// <param name="patience">When it is ended in any case if the edge has got no other by then.</param>
    /// <param name="end">What the tunnel ends with.</param>
    /// <param name="time">The clock.</param>
    public static async Task SendOnAsync(EdgeTunnel live, TimeSpan patience, TunnelEnd end, TimeProvider time)
    {
        var tunnel = live.Tunnel!;
        if (Answers(live))
        {
            // To the edge this is as if another process of the hub had taken over: the hub is there, and what is open goes on.
            tunnel.SendGoAway(GoAway.Upgrade);
            await live.Left.WaitAsync(patience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (live.Left.IsCompleted)
                await tunnel.WaitUntilUnusedAsync(time, CancellationToken.None);
        }

        await tunnel.CloseAsync(end);
    }

    private static async Task SendAwayAsync(
        EdgeTunnel live, CancellationToken limit, CancellationToken drained, TunnelEnd end, TimeProvider time)
    {
        var tunnel = live.Tunnel!;
        if (Answers(live) && !tunnel.IsLost)
        {
            tunnel.SendGoAway(GoAway.Upgrade);
            await live.Left.WaitAsync(limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await tunnel.WaitUntilUnusedAsync(time, limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        else if (!tunnel.IsLost)
        {
            await tunnel.WaitForStreamsAsync(drained).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await tunnel.CloseAsync(end);
    }

    private static bool Answers(EdgeTunnel live) =>
        live.JoinedTo is null && live.Tunnel!.Features.HasFlag(TunnelFeatures.GoAway) && !live.Tunnel.Completion.IsCompleted;

    private static async Task WaitForStreamsAsync(ImmutableArray<EdgeTunnel> tunnels, CancellationToken limit) =>
        await Task.WhenAll(tunnels.Select(live => live.Tunnel!.WaitForStreamsAsync(limit)))
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
