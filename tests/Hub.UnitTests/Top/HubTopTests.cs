using System.Text.Json;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Cli;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.History;
using Tunnel.Hub.Status;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Top;
using Tunnel.Hub.UnitTests.Admin;
using Tunnel.Hub.UnitTests.Cli;
using Tunnel.Shared.Dashboard;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.UnitTests.Top;

/// <summary>The hub's dashboard renders recorded statuses.</summary>
public sealed class HubTopTests : IAsyncLifetime
{
    private const string Hostile = "<img src=x>\e]0;owned\a\u202e";

    private AdminFixture _admin = null!;
    private AdminClient _client = null!;
    private TopData _data = null!;
    private HubTop _top = null!;

    public async ValueTask InitializeAsync()
    {
        _admin = await AdminFixture.StartAsync();
        _client = new AdminClient("tunnel-hub", _admin.SocketPath);
        _data = new TopData(_client, EventsCommand.Describe);
        _top = new HubTop(_data);
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return _admin.DisposeAsync();
    }

    [Theory]
    [InlineData(80, 24)]
    [InlineData(200, 60)]
    [InlineData(50, 12)]
    public async Task At_every_size_it_says_what_is_up_how_fast_and_what_is_wrong(int width, int height)
    {
        Record();
        var lines = await DrawAsync(width, height);

        Assert.InRange(lines.Length, 6, height);
        Assert.All(lines, line => Assert.True(TextWidth.Of(line) <= width, line));
        Assert.Contains("2 of 3 edges up  ✖ 3", lines[0], StringComparison.Ordinal);
        Assert.Contains("3.0 KiB/s", lines[1], StringComparison.Ordinal);
        // The worst edge comes first.
        Assert.Contains(
            "✖ network", Assert.Single(lines, line => line.StartsWith(">gone", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains(
            "✖ ports missing", Assert.Single(lines, line => line.StartsWith(" lame", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains(
            "✖ target fails", Assert.Single(lines, line => line.StartsWith(" well", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal(height > 12, lines.Any(line => line.StartsWith(" ✖ lame can't listen on tcp/443", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task All_is_well_is_said_only_when_it_is()
    {
        var up = Statuses.Hub(Statuses.Edge("well", EdgeCondition.Connected)) with { ConnectedEdges = [Statuses.Connected("well")] };
        _admin.Recorded = up;
        var lines = await DrawAsync(80, 24);
        Assert.Contains("1 of 1 edges up  ● all well", lines[0], StringComparison.Ordinal);
        Assert.Contains(
            lines, line => line.StartsWith(">well", StringComparison.Ordinal) && line.Contains("● up", StringComparison.Ordinal));
        _admin.Recorded = up with { SharedState = new SharedStateStatus("PostgreSQL", "It can't be used now: Connection refused.") };
        lines = await DrawAsync(80, 24);
        Assert.DoesNotContain("all well", lines[0], StringComparison.Ordinal);
        Assert.StartsWith(" ✖ The database that hubs share can't be used", lines[3], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_very_many_edges_the_first_are_there_and_the_filter_finds_others()
    {
        _admin.Recorded = Statuses.Hub([.. Enumerable.Range(0, 2000).Select(n => Statuses.Edge($"edge-{n:0000}", EdgeCondition.Network))]);
        var lines = await DrawAsync(80, 24);
        Assert.Contains("✖ 2000 faults", lines[0], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.TrimEnd() == "   and 1998 more");
        Assert.StartsWith(" the first 500 of 2000 edges: / finds others", lines[^1], StringComparison.Ordinal);
        foreach (var letter in "/1999")
            Press(letter);
        Assert.Contains(await DrawAsync(80, 24), line => line.StartsWith(">edge-1999", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_hub_without_edges_says_what_to_do_first()
    {
        _admin.Recorded = Statuses.Hub();
        Assert.Contains(
            "tunnel-hub edge add vps --tcp 80,443 --udp 53", string.Join('\n', await DrawAsync(80, 24)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_view_without_anything_in_it_says_so()
    {
        _admin.Recorded = Statuses.Hub(Statuses.Edge("vps", EdgeCondition.NeverSeen));
        await DrawAsync(80, 24);
        Press(ConsoleKey.Tab);
        Assert.Contains("No port has had a client yet.", string.Join('\n', await DrawAsync(80, 24)), StringComparison.Ordinal);
        Press(ConsoleKey.Tab);
        Assert.Contains("No port has targets of its own", string.Join('\n', await DrawAsync(80, 24)), StringComparison.Ordinal);
        Press(ConsoleKey.Tab);
        Assert.Contains(
            "Nothing has happened since the hub was started.", string.Join('\n', await DrawAsync(80, 24)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_of_an_event_that_is_empty_is_left_out() => Assert.Equal(
        "2026-05-01T12:00:00.000Z portsApplied edgeId=vps bound=2",
        EventsCommand.Describe("""{"type":"portsApplied","time":"2026-05-01T12:00:00Z","edgeId":"vps","bound":2,"failedPorts":[]}"""));

    [Fact]
    public async Task Keys_lead_from_an_edge_to_its_ports_to_a_ports_connections_and_back()
    {
        Record();
        await DrawAsync(120, 30);
        Press(ConsoleKey.Tab);
        Assert.Contains("[Ports]", string.Join('\n', await DrawAsync(120, 30)), StringComparison.Ordinal);
        var ports = string.Join('\n', await DrawAsync(160, 30));
        Assert.Contains("✖ target fails", ports, StringComparison.Ordinal);
        Assert.Contains("refused 7", ports, StringComparison.Ordinal);
        Press(ConsoleKey.Enter);
        Assert.Contains("connections of well tcp/443", string.Join('\n', await DrawAsync(120, 30)), StringComparison.Ordinal);
        Press(ConsoleKey.Escape);
        Press(ConsoleKey.Escape);
        Assert.Contains("[Edges]", string.Join('\n', await DrawAsync(120, 30)), StringComparison.Ordinal);
        Press('?');
        Assert.Contains("find: type, then enter", string.Join('\n', await DrawAsync(120, 30)), StringComparison.Ordinal);
        Assert.False(_top.Press(new ConsoleKeyInfo('q', ConsoleKey.Q, false, false, false)));
    }

    [Fact]
    public async Task Targets_that_get_no_clients_are_told()
    {
        Record();
        var port = _admin.Recorded!.Ports[0] with
        {
            Healthy = true,
            Targets = [
                Statuses.Target(TargetState.Up), Statuses.Target(TargetState.Down) with { Reason = "connect time-out" },
                Statuses.Target(TargetState.BreakerOpen)],
        };
        _admin.Recorded = _admin.Recorded with { Ports = [port] };
        Assert.Contains(
            await DrawAsync(160, 30), line => line.StartsWith(" ▲ well tcp/443: 2 of 3 targets get no clients", StringComparison.Ordinal));
        Press(ConsoleKey.Tab);
        Assert.Contains("▲ 2 of 3 targets down", string.Join('\n', await DrawAsync(160, 30)), StringComparison.Ordinal);
        Press(ConsoleKey.Tab);
        var targets = string.Join('\n', await DrawAsync(160, 30));
        Assert.Contains("✖ down", targets, StringComparison.Ordinal);
        Assert.Contains("connect time-out", targets, StringComparison.Ordinal);
        Assert.Contains("✖ out", targets, StringComparison.Ordinal);
        Assert.Contains("● up", targets, StringComparison.Ordinal);
        Press(ConsoleKey.Enter);
        Assert.Contains("connections of well tcp/443", string.Join('\n', await DrawAsync(160, 30)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_of_an_older_hub_has_no_targets()
    {
        const string Older =
            """{"edgeId":"vps","port":443,"proto":"tcp","listening":true,"healthy":true,"activeConnections":0,"totalConnections":0,"bytesIn":0,"bytesOut":0}""";
        var port = JsonSerializer.Deserialize(
            $$"""{"running":true,"tunnelPort":1,"version":"0","ports":[{{Older}}]}""", AdminJson.Default.HubStatus)!.Ports[0];
        Assert.Equal(("● open", Ink.Good), PortLines.State(port));
    }

    [Fact]
    public async Task A_filter_is_typed_and_lifted()
    {
        Record();
        await DrawAsync(80, 24);
        foreach (var letter in "/WELL")
            Press(letter);
        var lines = await DrawAsync(80, 24);
        Assert.Equal(" / WELL_", lines[^1]);
        Assert.DoesNotContain(lines, line =>
            line.TrimStart(' ', '>').StartsWith("gone ", StringComparison.Ordinal) && !line.Contains("is down", StringComparison.Ordinal));
        Press(ConsoleKey.Enter);
        Press(ConsoleKey.Escape);
        Assert.Contains(await DrawAsync(80, 24), line =>
            line.TrimStart(' ', '>').StartsWith("gone ", StringComparison.Ordinal) && !line.Contains("is down", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_edges_and_clients_say_stays_text()
    {
        Record(Hostile);
        foreach (var _ in Enumerable.Range(0, 4))
        {
            Assert.All(await DrawAsync(200, 60), line =>
                Assert.DoesNotContain(line, letter => char.IsControl(letter) || letter == '\u202e'));
            Press(ConsoleKey.Tab);
        }
    }

    [Fact]
    public async Task A_hub_that_does_not_answer_is_said_so_and_shown_as_it_was()
    {
        Record();
        await DrawAsync(80, 24);
        using var nobody = new AdminClient("tunnel-hub", _admin.SocketPath + ".gone");
        var lost = new TopData(nobody, line => line);
        await lost.RefreshAsync(new TopQuestion(), TestContext.Current.CancellationToken);
        Assert.Contains("is not running", lost.Fault, StringComparison.Ordinal);
        Assert.Contains("does not answer", HubSummary.Title(_data.Overview!, lost.Fault).Draw(80, false), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_terminal_the_command_prints_it_once_as_lines_or_JSON()
    {
        Record();
        using StringWriter lines = new(), json = new(), error = new();
        Assert.Equal(ExitCodes.Fine, await HubCommandLine.InvokeAsync(["top", "--admin-socket", _admin.SocketPath], lines, error));
        Assert.Contains("✖ network", lines.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(lines.ToString(), letter => letter == '\e');
        Assert.Equal(
            ExitCodes.Fine,
            await HubCommandLine.InvokeAsync(["top", "--once", "--json", "--admin-socket", _admin.SocketPath], json, error));
        var document = JsonElement.Parse(json.ToString());
        Assert.Equal(4, document.GetProperty("status").GetProperty("edges").GetArrayLength());
        Assert.Equal(1, document.GetProperty("history").GetProperty("resolution").GetInt32());
    }

    private async Task<string[]> DrawAsync(int width, int height)
    {
        await _top.RefreshAsync(TestContext.Current.CancellationToken);
        return [.. _top.Draw(width, height).Select(row => row.Draw(width, colours: false))];
    }

    private void Press(ConsoleKey key) => Assert.True(_top.Press(new ConsoleKeyInfo('\0', key, false, false, false)));

    private void Press(char letter) => Assert.True(_top.Press(new ConsoleKeyInfo(letter, ConsoleKey.None, false, false, false)));

    private void Record(string said = "web")
    {
        _admin.History.Record([new TrafficReading("well", 1024, 512, 3, 1)], 1, DateTimeOffset.UnixEpoch);
        _admin.History.Record([new TrafficReading("well", 4096, 1024, 3, 1)], 1, DateTimeOffset.UnixEpoch);
        _admin.Recorded = Statuses.Hub(
            Statuses.Edge("well", EdgeCondition.Connected) with { ConnectedSince = DateTimeOffset.UtcNow },
            Statuses.Edge(
                "lame",
                EdgeCondition.Connected) with
            { ConnectedSince = DateTimeOffset.UtcNow, Tcp = new EdgePortsStatus("443", "", "443") },
            Statuses.Edge("gone", EdgeCondition.Network) with { LastSeen = DateTimeOffset.UtcNow.AddHours(-3), Detail = said },
            Statuses.Edge("off", EdgeCondition.Disabled)) with
        {
            ConnectedEdges = [
                Statuses.Connected("lame") with { Host = said, FailedPorts = [new FailedPort(443, "tcp", said)] },
                Statuses.Connected("well") with { Host = said }],
            Ports = [Statuses.Port("well") with { Name = said, Healthy = false, Errors = Statuses.Counts("refused", 7) }],
        };
    }
}
