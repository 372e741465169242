using Tunnel.Hub.Cli;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Status;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Text;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.UnitTests.Cli;

/// <summary>An edge's words reach the operator's terminal as text and nothing else.</summary>
public sealed class TerminalTests
{
    private const string Hostile = "\u001b]0;owned\u0007\u001b[2J\nother can't listen on tcp/22: \u202egnihton";

    [Fact]
    public async Task The_status_has_a_line_for_each_fault_whatever_the_edge_called_it()
    {
        using var output = new StringWriter { NewLine = "\n" };
        await StatusCommand.PrintAsync(output, Terminal.None, new HubStatus
        {
            Running = true,
            TunnelPort = 8443,
            Version = "1",
            Edges = [Statuses.Edge("a", EdgeCondition.Connected) with { Remote = "192.0.2.1:1" }],
            ConnectedEdges =
            [
                new ConnectedEdgeStatus
                {
                    EdgeId = "a",
                    Since = default,
                    Remote = "192.0.2.1:1",
                    Transport = TransportKind.TcpTls,
                    Tunnels = 1,
                    Lanes = 2,
                    ActiveStreams = 0,
                    ActiveSessions = 0,
                    ListenPorts = [443],
                    ListenPortsUdp = [],
                    Rev = 1,
                    BytesIn = 0,
                    BytesOut = 0,
                    StreamsOpened = 0,
                    FailedPorts = [new FailedPort(443, "tcp", Hostile)],
                    Firewall = new FirewallReport { State = Hostile, Mode = Hostile, Errors = [Hostile] },
                },
            ],
        }, DateTimeOffset.UnixEpoch);

        // The lines are those of the hub, the table's head and row, the port and the firewall.
        var lines = output.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal(5, lines.Length);
        Assert.Contains("tcpTls, 2 lanes", lines[2], StringComparison.Ordinal);
        Assert.StartsWith(
            @"FAILED a can't listen on tcp/443: \u001b]0;owned\u0007\u001b[2J\u000aother", lines[3], StringComparison.Ordinal);
        AssertHarmless(lines);
    }

    [Fact]
    public async Task What_is_wrong_is_said_as_the_dashboards_say_it()
    {
        var now = DateTimeOffset.UnixEpoch.AddDays(1);
        var status = Statuses.Hub() with
        {
            CertificateExpires = now.AddDays(3),
            ConnectedEdges =
            [
                Statuses.Connected("a") with
                {
                    LostSince = now.AddSeconds(-10),
                    ActiveStreams = 1,
                    FailedPorts = [new FailedPort(443, "tcp", "address in use")],
                },
            ],
        };
        using var output = new StringWriter { NewLine = "\n" };
        await StatusCommand.PrintAsync(output, Terminal.None, status, now);

        var said = HubTroubles.Find(status, now)
            .Select(static trouble => $"{(trouble.Health == Health.Bad ? "FAILED " : "")}{trouble.Title}: {trouble.Detail}").ToArray();
        Assert.Contains("a has lost its connection: For 10 s 1 stream has waited for another one.", said);
        Assert.Equal(said.Order(), output.ToString().TrimEnd('\n').Split('\n')[1..].Order());
    }

    [Fact]
    public async Task A_tables_columns_stay_where_they_are()
    {
        using var output = new StringWriter { NewLine = "\n" };
        var table = new TextTable("ONE", "TWO");
        table.Add(Hostile, "x");
        await table.WriteAsync(output);

        var lines = output.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Equal(lines[0].IndexOf("TWO", StringComparison.Ordinal), lines[1].Length - 1);
        AssertHarmless(lines);
    }

    [Fact]
    public void An_event_is_one_line()
    {
        var line = EventsCommand.Describe("""{"type":"portsUpdated","time":"2026-05-01T12:00:00Z","edgeId":"a\u001b[2J\n\u202e"}""");

        Assert.Equal(@"2026-05-01T12:00:00.000Z portsUpdated edgeId=a\u001b[2J\u000a\u202e", line);
    }

    [Fact]
    public void An_events_ports_are_a_list_and_its_reason_is_words()
    {
        Assert.Equal(
            "2026-05-01T12:00:00.000Z portsAssigned edgeId=a listenPorts=80,8000-8002",
            EventsCommand.Describe(
                """{"type":"portsAssigned","time":"2026-05-01T12:00:00Z","edgeId":"a","listenPorts":[80,8000,8001,8002],"listenPortsUdp":[]}"""));
        Assert.Equal(
            "2026-05-01T12:00:00.000Z portsApplied edgeId=a bound=1 failed=11 failedPorts=tcp/8000-8010 (not allowed); udp/53 "
                + "(address in use)",
            EventsCommand.Describe(
                """{"type":"portsApplied","time":"2026-05-01T12:00:00Z","edgeId":"a","bound":1,"failed":11,"failedPorts":[{"port":8000,"proto":"tcp","error":"not allowed","to":8010},{"port":53,"proto":"udp","error":"address in use"}]}"""));
        Assert.Equal(
            "2026-05-01T12:00:00.000Z edgeDisconnected edgeId=a reason=timeout (nothing heard for 45 s) state=network",
            EventsCommand.Describe(
                """{"type":"edgeDisconnected","time":"2026-05-01T12:00:00Z","edgeId":"a","reason":{"kind":"timeout","detail":"nothing heard for 45 s"},"state":"network"}"""));
    }

    private static void AssertHarmless(string[] lines) =>
        Assert.All(lines, line => Assert.DoesNotContain(line, character => char.IsControl(character) || character == '\u202e'));
}
