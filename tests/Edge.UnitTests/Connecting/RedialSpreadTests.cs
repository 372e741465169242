using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Connecting;

/// <summary>Edges that lose one hub at the same moment do not come back at the same moment.</summary>
public sealed class RedialSpreadTests : IAsyncDisposable
{
    private const int Edges = 500;
    private const int Spread = 998;
    private readonly ManualTimeProvider _time = new();
    private readonly FakeDialer _dialer = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _loops = [];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_loops).Soon();
        _stop.Dispose();
    }

    [Fact]
    public async Task Of_500_edges_whose_hub_restarts_few_dial_in_the_same_tenth_of_a_second()
    {
        var random = new Random(1);
        var edges = new List<(TunnelConnector Connector, FakeTunnel Tunnel)>();
        // Many edges ask for a number at once, which breaks a Random that has a seed: it gives only zeros then.
        double Next()
        {
            lock (random)
                return random.NextDouble();
        }

        for (var edge = 0; edge < Edges; edge++)
            edges.Add(await ConnectAsync(Next, Spread));
        _time.Advance(TimeSpan.FromSeconds(5));

        foreach (var (connector, tunnel) in edges)
            ((IEdgeTunnelHandler)connector).OnGoAway(tunnel, new GoAway(GoAway.Shutdown, 0));
        var first = await WaitsAsync(edges);
        Assert.True(first.Max() <= TimeSpan.FromMilliseconds(Spread));
        Assert.InRange(PeakToMean(first, TimeSpan.FromMilliseconds(100)), 1, 3);

        // They are not in step afterwards either, although all of these failed at the same moment.
        _time.Advance(TimeSpan.FromMilliseconds(Spread));
        for (var edge = 0; edge < Edges; edge++)
            (await _dialer.NextAsync()).Fail(DialFailureKind.Unreachable);
        var second = await WaitsAsync(edges);
        Assert.Equal(RedialPause.RestartPause.TotalMilliseconds, second.Average(static wait => wait.TotalMilliseconds), 20.0);
        Assert.InRange(PeakToMean([.. second.Select(wait => wait - second.Min())], TimeSpan.FromMilliseconds(25)), 1, 3);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(30)]
    public void Of_500_edges_whose_hub_is_away_few_dial_in_the_same_tenth_of_a_second_until_most_are_back(int away)
    {
        var random = new Random(1);
        List<TimeSpan> dials = [];
        List<TimeSpan> back = [];
        for (var edge = 0; edge < Edges; edge++)
        {
            var share = new RedialShare(random.NextDouble);
            share.Note(Config(Spread));
            var backoff = new Backoff(random.NextDouble);
            var at = share.After(new TunnelEnd(TunnelEndKind.PeerClosed, "killed by the test"));
            for (; at < TimeSpan.FromSeconds(away); at += backoff.Next(share.NextCeiling, Resumption.LongestPause))
                dials.Add(at);
            dials.Add(at);
            back.Add(at);
        }

        var most = back.Order().ElementAt(Edges * 9 / 10);
        Assert.InRange(PeakToMean([.. dials.Where(at => at <= most)], TimeSpan.FromMilliseconds(100)), 1, 3);
        Assert.True(back.Max() < TimeSpan.FromSeconds(away + 2));
    }

    [Fact]
    public async Task A_lost_connection_is_dialled_after_its_share_of_the_spread()
    {
        var (connector, tunnel) = await ConnectAsync(static () => 0.5, Spread);
        tunnel.IsLost = true;
        Assert.True(((ITunnelHandler)connector).OnLost(tunnel, new TunnelEnd(TunnelEndKind.PeerClosed, "killed by the test")));
        await Eventually.IsTrueAsync(() => _time.UntilNext == TimeSpan.FromMilliseconds(Spread / 2), "the wait");
        Assert.Equal(0, _dialer.Waiting);
        _time.Advance(TimeSpan.FromMilliseconds(Spread / 2));
        (await _dialer.NextAsync()).Fail(DialFailureKind.Unreachable);

        // From there the ceilings of the waits double, up to that of a tunnel whose clients wait.
        foreach (var wait in (TimeSpan[])[TimeSpan.FromMilliseconds(Spread), Resumption.LongestPause / 2, Resumption.LongestPause / 2])
        {
            await Eventually.IsTrueAsync(() => _time.UntilNext == wait, "the backoff");
            _time.Advance(wait);
            (await _dialer.NextAsync()).Fail(DialFailureKind.Unreachable);
        }
    }

    [Theory]
    [InlineData(TunnelEndKind.Timeout, Spread)]
    [InlineData(TunnelEndKind.ConnectionLost, null)]
    public async Task A_path_that_fell_silent_and_an_edge_that_is_alone_are_dialled_at_once(TunnelEndKind cause, int? spread)
    {
        var (connector, tunnel) = await ConnectAsync(static () => 0.5, spread);
        tunnel.IsLost = true;
        Assert.True(((ITunnelHandler)connector).OnLost(tunnel, new TunnelEnd(cause, "lost by the test")));
        await _dialer.NextAsync();
    }

    [Fact]
    public async Task The_last_configuration_counts_and_a_tunnel_that_ends_waits_for_its_share_too()
    {
        var (connector, tunnel) = await ConnectAsync(static () => 0.5, null);
        ((IEdgeTunnelHandler)connector).OnConfig(tunnel, Config(Spread));
        tunnel.Lose();
        Assert.Equal(
            TimeSpan.FromMilliseconds(Spread / 2) + Backoff.FirstCeiling / 2, Assert.Single(await WaitsAsync([(connector, tunnel)])));
    }

    private static TunnelConfig Config(int? spread) => new() { Hub = new HubInfo { Rev = 1, RedialSpread = spread } };

    private async Task<(TunnelConnector Connector, FakeTunnel Tunnel)> ConnectAsync(Func<double> random, int? spread)
    {
        var options = new ConnectorOptions
        {
            HubHost = "hub.example",
            HubPort = 8443,
            EdgeId = "edge",
            Secret = "a-secret-of-the-edge",
            InsecureSkipVerify = false,
            DrainTimeout = TimeSpan.FromSeconds(30),
            Hello = new Hello { Instance = "0123" },
        };
        var hub = new HubDialer(_dialer, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]), _time);
        var connector = new TunnelConnector(
            options, new HubRenewals(null, options, NullLogger.Instance),
            TransportSelector.Only(hub, TransportChoice.Configured, _time, NullLogger.Instance),
            new PinStore(null, [], NullLogger.Instance), new ConfigInbox(), new IgnoringObserver(), random, _time, NullLogger.Instance);
        _loops.Add(Task.Run(() => connector.RunAsync(_stop.Token)));
        var tunnel = new FakeTunnel();
        (await _dialer.NextAsync()).Connect(tunnel, Config(spread));
        await Eventually.IsTrueAsync(() => connector.Current == tunnel && connector.Status.Connected, "the tunnel is in use");
        return (connector, tunnel);
    }

    private async Task<TimeSpan[]> WaitsAsync(List<(TunnelConnector Connector, FakeTunnel Tunnel)> edges)
    {
        await Eventually.IsTrueAsync(() => edges.TrueForAll(static edge => edge.Connector.Status.NextAttempt is not null), "all wait");
        return [.. edges.Select(edge => edge.Connector.Status.NextAttempt!.Value - _time.GetUtcNow())];
    }

    // The mean is taken over the bins from the first dial to the last.
    private static double PeakToMean(TimeSpan[] times, TimeSpan bin)
    {
        var bins = times.CountBy(time => (int)(time / bin)).ToDictionary();
        return bins.Values.Max() / ((double)times.Length / (bins.Keys.Max() + 1));
    }
}
