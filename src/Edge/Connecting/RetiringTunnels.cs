using Microsoft.Extensions.Logging;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>Holds the tunnels that take no new streams: the open streams may finish, then the tunnel is closed.</summary>
internal sealed class RetiringTunnels(TimeProvider time, ILogger logger)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ITunnel, Task> _drains = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _overdue = new();

    /// <summary>Starts to drain <paramref name="tunnel"/>.</summary>
    /// <param name="tunnel">The tunnel.</param>
    /// <param name="reason">The reason that GOAWAY gives.</param>
    /// <param name="limit">How long its streams may go on; infinite means until they end or the edge stops.</param>
    /// <param name="connected">Completes when a tunnel that has lost its connection has another one, or gets none; null at once.</param>
    public void Add(ITunnel tunnel, string reason, TimeSpan limit, Task? connected = null)
    {
        lock (_lock)
        {
            if (!_drains.ContainsKey(tunnel))
                _drains.Add(tunnel, Task.Run(() => DrainAsync(tunnel, reason, limit, connected ?? Task.CompletedTask)));
        }
    }

    /// <summary>Waits until all are closed; tunnels that are still open after <paramref name="limit"/> are closed then.</summary>
    public async Task WaitAsync(TimeSpan limit)
    {
        Task all;
        await _stopping.CancelAsync();
        lock (_lock)
            all = Task.WhenAll(_drains.Values);
        // A tunnel that was added with a longer limit must not hold up the stop. Each is closed where its streams are counted before.
        if (await Task.WhenAny(all, Task.Delay(limit, time)) != all)
            await _overdue.CancelAsync();
        await all;
    }

    private async Task DrainAsync(ITunnel tunnel, string reason, TimeSpan limit, Task connected)
    {
        await connected.WaitAsync(_stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var isIdle = tunnel.ActiveStreams == 0;
        using (var timeout = new CancellationTokenSource(limit, time))
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _overdue.Token))
        {
            tunnel.SendGoAway(reason);
            try
            {
                // Nobody brings a tunnel without a connection another one any more.
                if (!tunnel.IsLost)
                {
                    // An edge that stops ends its sessions anyway.
                    if (limit == Timeout.InfiniteTimeSpan)
                        await tunnel.WaitUntilUnusedAsync(time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    await tunnel.WaitForStreamsAsync(either.Token);
                }
            }
            catch (OperationCanceledException)
            {
            }
        }

        // A tunnel that had nothing open, as each that meets a conflict, is not worth a line.
        if (!isIdle)
            ConnectingLog.TunnelDrained(logger, tunnel.RemoteEndPoint, tunnel.ActiveStreams);
        await tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.Closed, $"drained: {reason}"));
        lock (_lock)
            _drains.Remove(tunnel);
    }
}
