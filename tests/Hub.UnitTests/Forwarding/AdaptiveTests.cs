using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Forwarding.Adapting;
using Tunnel.Hub.Traffic;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Forwarding;

/// <summary>A port admits as many clients as its targets can take, in virtual time.</summary>
public sealed class AdaptiveTests : IDisposable
{
    private static readonly TrafficKey Port = new("a", false, 443);

    private readonly ManualTimeProvider _time = new();
    private readonly TrafficRegistry _traffic = new();
    private readonly AdaptivePorts _ports;
    private readonly List<string> _changed = [];

    public AdaptiveTests()
    {
        _ports = new AdaptivePorts(_traffic, _time);
        _ports.Changed += _changed.Add;
    }

    public void Dispose() => _ports.Dispose();

    [Fact]
    public void The_curve_falls_by_a_fifth_every_other_time_and_rises_by_a_tenth()
    {
        Apply(new AdaptiveDefinition { EvaluationInterval = 10, LatencyThresholdMs = 100, MinRate = 50, MaxRate = 100 });
        Assert.Equal(100, Rate());

        // While targets are slow the rate falls, but never twice in a row and never below the minimum.
        Assert.Equal([80, 80, 64, 64, 51, 51, 50, 50, 50], Curve(9, milliseconds: 101));
        // Between 70 % of the threshold and the threshold the rate stays, once the slow connections are a minute old.
        Curve(6, milliseconds: 90);
        Assert.Equal([50, 50, 50], Curve(3, milliseconds: 70));
        // While targets are fast the rate rises, up to the maximum.
        Curve(6, milliseconds: 70);
        Assert.Equal([50, 50, 50, 50, 50], Curve(5, milliseconds: 69));
        Assert.Equal([55, 61, 67, 73, 81, 89, 97, 100, 100], Curve(9, milliseconds: 69));
        Assert.All(_changed, edgeId => Assert.Equal("a", edgeId));
    }

    [Fact]
    public void Nobody_for_a_minute_lets_it_rise_again()
    {
        Apply(new AdaptiveDefinition { EvaluationInterval = 10, LatencyThresholdMs = 100, MinRate = 10, MaxRate = 100 });
        Assert.Equal([80], Curve(1, milliseconds: 5_000));
        Assert.Equal([80, 64, 64, 51, 51], Curve(5, milliseconds: null));
        Assert.Equal([56, 62, 68], Curve(3, milliseconds: null));
        Assert.Null(_traffic.Of("a", false, 443).Admission!.LatencyP95Ms);
    }

    [Fact]
    public void Edges_are_told_only_of_changes_and_only_when_it_is_time()
    {
        Apply(new AdaptiveDefinition { EvaluationInterval = 7, LatencyThresholdMs = 100 });
        for (var second = 0; second < 6; second++)
        {
            _ports.Note(Port, TimeSpan.FromMilliseconds(200));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Empty(_changed);
        Assert.Equal(1_000, Rate());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["a"], _changed);
        Assert.Equal(800, Rate());
        Assert.Equal(200, _traffic.Of("a", false, 443).Admission!.LatencyP95Ms);
        _time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(["a"], _changed);
    }

    [Fact]
    public void New_settings_go_on_with_the_rate_and_a_port_without_them_is_forgotten()
    {
        Apply(new AdaptiveDefinition { EvaluationInterval = 1, LatencyThresholdMs = 100, MaxRate = 100 });
        _ports.Note(Port, TimeSpan.FromMilliseconds(200));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(80, Rate());
        Apply(new AdaptiveDefinition { EvaluationInterval = 1, LatencyThresholdMs = 100, MaxRate = 90 });
        Assert.Equal(80, Rate());
        Apply(new AdaptiveDefinition { EvaluationInterval = 1, LatencyThresholdMs = 100, MaxRate = 70 });
        Assert.Equal(70, Rate());
        Assert.Equal(["a", "a", "a"], _changed);
        Apply(null);
        Assert.Empty(_ports.For("a"));
        Assert.Null(_traffic.Of("a", false, 443).Admission);
    }

    [Fact]
    public void Five_of_a_hundred_slow_connections_change_nothing_and_six_do()
    {
        var window = new LatencyWindow(_time);
        Assert.Null(window.P95());
        for (var i = 1; i <= 100; i++)
            window.Add(TimeSpan.FromMilliseconds(i > 95 ? 1_000 : 10));
        Assert.Equal(10, window.P95());
        window.Add(TimeSpan.FromMilliseconds(1_000));
        Assert.Equal(1_000, window.P95());
    }

    [Fact]
    public void The_window_has_a_thousand_of_the_last_minute()
    {
        var window = new LatencyWindow(_time);
        for (var i = 0; i < LatencyWindow.Capacity; i++)
            window.Add(TimeSpan.FromMilliseconds(1_000));
        for (var i = 0; i < 951; i++)
            window.Add(TimeSpan.FromMilliseconds(10));
        Assert.Equal(10, window.P95());
        _time.Advance(LatencyWindow.Age + TimeSpan.FromSeconds(1));
        Assert.Null(window.P95());
    }

    private int Rate() => _ports.For("a")[443];

    // There is a connection just before each decision.
    private int[] Curve(int decisions, int? milliseconds) =>
    [
        .. Enumerable.Range(0, decisions).Select(_ =>
        {
            _time.Advance(TimeSpan.FromSeconds(9));
            if (milliseconds is { } latency)
                _ports.Note(Port, TimeSpan.FromMilliseconds(latency));
            _time.Advance(TimeSpan.FromSeconds(1));
            return Rate();
        }),
    ];

    private void Apply(AdaptiveDefinition? adaptive) => _ports.Apply(
        "a",
        AllowedEdge.From(new EdgeDefinition
        {
            Id = "a",
            ListenPorts = [443],
            Ports = EdgeDefinition.NoPorts.Add("default", new PortPolicyDefinition { Adaptive = adaptive }),
        }));
}
