using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Hosting.Logging;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Hosting;

public sealed class BoundedLoggerFactoryTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly Recorder _recorder = new();
    private readonly ILogger _log;

    public BoundedLoggerFactoryTests() => _log = BoundedLoggerFactory.Bound(_recorder, _time).CreateLogger("x");

    [Fact]
    public void A_peer_has_a_burst_and_then_a_line_a_second_which_says_how_many_were_left_out()
    {
        for (var i = 0; i < 1000; i++)
            Refused("a", port: i);
        Assert.Equal(FloodGate.PeerBurst, _recorder.Lines.Count);

        _time.Advance(TimeSpan.FromSeconds(1));
        Refused("a", port: 1000);
        Refused("a", port: 1001);
        Assert.Equal(FloodGate.PeerBurst + 1, _recorder.Lines.Count);
        Assert.EndsWith($"(and {1000 - FloodGate.PeerBurst} more such lines before it, which were left out)", _recorder.Lines[^1]);
    }

    [Fact]
    public void The_flood_of_one_peer_or_kind_hides_no_line_of_another()
    {
        for (var i = 0; i < 1000; i++)
            Refused("a", port: i);
        Refused("b");
        _log.LogWarning(new EventId(8), "Edge '{EdgeId}' has gone", "a");
        Assert.Equal(FloodGate.PeerBurst + 2, _recorder.Lines.Count);
    }

    [Fact]
    public void A_port_whose_upstream_is_down_hides_no_line_of_the_same_edge_about_another()
    {
        for (var i = 0; i < 60_000; i++)
        {
            Refused("a", port: 80);
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        // There is a burst, then one line each ten seconds, which is less than an edge may write.
        Assert.InRange(_recorder.Lines.Count, FloodGate.SubjectBurst + 5, FloodGate.SubjectBurst + 6);
        Assert.Contains("more such lines before it", _recorder.Lines[^1]);
        Refused("a", port: 443);
        Assert.EndsWith("443", _recorder.Lines[^1]);
    }

    [Fact]
    public void A_million_invented_peers_write_no_more_than_the_kind_may_and_are_not_remembered()
    {
        for (var i = 0; i < 100_000; i++)
            Refused($"edge-{i}");
        Assert.Equal(FloodGate.KindBurst, _recorder.Lines.Count);
        var gate = new FloodGate(_time);
        for (var i = 0; i < 100_000; i++)
            gate.TryEnter(7, $"edge-{i}", null, out _);
        Assert.InRange(gate.Count, 1, 2 * (FloodGate.MaxPeers + 1));

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(gate.TryEnter(7, "new", null, out _));
        Assert.InRange(gate.Count, 1, 100);
    }

    [Fact]
    public void A_peer_is_its_address_whatever_port_it_comes_from_and_whatever_it_calls_itself()
    {
        for (var i = 0; i < 1000; i++)
        {
            _log.LogWarning(
                new EventId(9), "{Remote} failed to authenticate as edge '{EdgeId}'", new IPEndPoint(IPAddress.Loopback, i), $"edge-{i}");
        }

        Assert.Equal(FloodGate.SubjectBurst, _recorder.Lines.Count);
    }

    [Fact]
    public void Lines_for_debugging_pass()
    {
        for (var i = 0; i < 1000; i++)
            _log.LogDebug(new EventId(7), "Refused {EdgeId}", "a");
        Assert.Equal(1000, _recorder.Lines.Count);
    }

    private void Refused(string edge, int port = 0) => _log.LogWarning(new EventId(7), "Edge '{EdgeId}' was refused at {Port}", edge, port);

    private sealed class Recorder : ILoggerFactory, ILogger
    {
        public List<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
