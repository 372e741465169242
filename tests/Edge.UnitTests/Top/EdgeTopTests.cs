using System.Globalization;
using System.Text.Json;
using Tunnel.Edge.Status;
using Tunnel.Edge.Top;
using Tunnel.Shared.Dashboard;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities;

namespace Tunnel.Edge.UnitTests.Top;

/// <summary>The edge's dashboard renders recorded statuses, in virtual time.</summary>
public sealed class EdgeTopTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly TopData _data;
    private readonly EdgeTop _top;
    private readonly List<EdgeEventLine> _events = [];
    private EdgeStatus? _status = new()
    {
        EdgeId = "vps",
        Connected = true,
        Hub = "hub.example.com:8443",
        HubAddress = "192.0.2.1:8443",
        Transport = "tcpTls",
        TransportMode = "quicWithFallback",
        TransportReason = "quicTimedOut",
        TransportDetail = "nothing came back over UDP",
        Since = DateTimeOffset.UtcNow,
        Lanes = 2,
        Rtt = 12.5,
        ListenPorts = [80, 443],
        Ports = [
            new EdgePortStatus { Port = 80, Proto = "tcp" },
            new EdgePortStatus
            {
                Port = 443,
                Proto = "tcp",
                ActiveConnections = 5,
                Blocked = new Dictionary<string, long> { ["denied"] = 3 },
            }],
        Refused = new Dictionary<string, long> { ["noTunnel"] = 4 },
    };

    public EdgeTopTests()
    {
        _data = new TopData(
            (path, _) => _status is null
                ? throw new OperatorException("tunnel-edge is not running")
                : Task.FromResult(new AdminResponse(200, Answer(path))), _time);
        _top = new EdgeTop(_data);
    }

    [Theory]
    [InlineData(80, 24)]
    [InlineData(200, 60)]
    [InlineData(50, 12)]
    public async Task At_every_size_it_shows_the_tunnel_why_this_transport_and_the_ports(int width, int height)
    {
        var lines = await DrawAsync(width, height);
        Assert.InRange(lines.Length, 6, height);
        Assert.All(lines, line => Assert.True(TextWidth.Of(line) <= width, line));
        Assert.Contains("vps  ● up", lines[0], StringComparison.Ordinal);
        Assert.Contains("nothing came back over UDP", lines[2], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.Contains("tcp/443", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rates_come_of_what_changes_and_events_of_the_edge()
    {
        _events.Add(new EdgeEventLine(7, _time.GetUtcNow(), "listens on tcp 80,443"));
        await DrawAsync(120, 30);
        _time.Advance(TimeSpan.FromSeconds(2));
        _status = _status! with
        {
            BytesIn = 4096,
            ListenPorts = [80, 443, 8080],
            FailedPorts = [new EdgePortFailure(53, "udp", "address in use")],
        };
        Assert.Contains("2.0 KiB/s", string.Join('\n', await DrawAsync(120, 30)), StringComparison.Ordinal);
        _status = _status with { Connected = false, LastError = "the hub closed the connection" };
        _events.Add(new EdgeEventLine(9, _time.GetUtcNow(), "the tunnel has ended: \e[2Jthe hub closed the connection"));
        var lines = await DrawAsync(120, 30);
        Assert.Contains("✖ not connected", lines[0], StringComparison.Ordinal);
        Assert.Contains(" ✖ can't bind udp/53: address in use", lines.Select(line => line.TrimEnd()));
        Press(ConsoleKey.Tab);
        Assert.Contains("noTunnel", string.Join('\n', await DrawAsync(120, 30)), StringComparison.Ordinal);
        Press(ConsoleKey.Tab);
        var events = string.Join('\n', await DrawAsync(120, 30));
        Assert.Equal(1, events.Split("listens on tcp 80,443").Length - 1);
        Assert.Contains("the tunnel has ended: ", events, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', events);
    }

    [Fact]
    public async Task Each_of_several_hubs_has_its_line()
    {
        _status = _status! with
        {
            Hubs =
            [
                new EdgeHubStatus
                {
                    Hub = "a.example:8443",
                    Connected = true,
                    Transport = "quic",
                    Rtt = 3,
                    ActiveStreams = 7,
                    Since = DateTimeOffset.UtcNow,
                },
                new EdgeHubStatus { Hub = "b.example:8443", LastError = "connection refused" },
                new EdgeHubStatus { Hub = "c.example:8443", Connected = true, Transport = "tcpTls", Silent = true },
            ],
            Warnings = ["a and c are one machine"],
        };
        var lines = await DrawAsync(120, 30);
        Assert.Contains("▲ up at 2 of 3 hubs", lines[0], StringComparison.Ordinal);
        Assert.Matches("^ hub a.example:8443 ● up for .* over quic   rtt 3.0 ms   open 7 TCP 0 UDP", lines[1]);
        Assert.StartsWith(" hub b.example:8443 ✖ not connected", lines[2], StringComparison.Ordinal);
        Assert.Contains("connection refused", lines[2], StringComparison.Ordinal);
        Assert.StartsWith(" hub c.example:8443 ▲ silent", lines[3], StringComparison.Ordinal);
        Assert.Contains(" ▲ a and c are one machine", lines.Select(line => line.TrimEnd()));
    }

    [Fact]
    public async Task More_troubles_than_there_is_room_for_are_counted()
    {
        _status =
            _status! with { FailedPorts = [.. Enumerable.Range(1, 9).Select(port => new EdgePortFailure(port, "tcp", "address in use"))] };
        var lines = await DrawAsync(80, 24);
        Assert.Equal(3, lines.Count(line => line.StartsWith(" ✖ can't bind", StringComparison.Ordinal)));
        Assert.Contains("   and 6 more: tunnel-edge status", lines.Select(line => line.TrimEnd()));
        _status = _status with { LostSince = DateTimeOffset.UtcNow };
        Assert.Contains("▲ no connection", (await DrawAsync(80, 24))[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_hub_says_stays_text()
    {
        _status = _status! with { Connected = false, TransportDetail = "\e[2J\u202e", LastError = "\e]0;owned\a", Hub = "x\ny" };
        Assert.All(await DrawAsync(160, 30), line => Assert.DoesNotContain(line, letter => char.IsControl(letter) || letter == '\u202e'));
    }

    [Fact]
    public async Task An_edge_that_does_not_answer_is_shown_as_it_was()
    {
        await DrawAsync(80, 24);
        _status = null;
        Assert.Contains("does not answer", (await DrawAsync(80, 24))[0], StringComparison.Ordinal);
    }

    private string Answer(string path)
    {
        if (path == "api/v1/status")
            return JsonSerializer.Serialize(_status, EdgeJsonContext.Default.EdgeStatus);
        var after = long.Parse(path["api/v1/events?after=".Length..], CultureInfo.InvariantCulture);
        return JsonSerializer.Serialize(_events.Where(line => line.Id > after).ToArray(), EdgeJsonContext.Default.EdgeEventLineArray);
    }

    private async Task<string[]> DrawAsync(int width, int height)
    {
        await _top.RefreshAsync(TestContext.Current.CancellationToken);
        return [.. _top.Draw(width, height).Select(row => row.Draw(width, colours: false))];
    }

    private void Press(ConsoleKey key) => Assert.True(_top.Press(new ConsoleKeyInfo('\0', key, false, false, false)));
}
