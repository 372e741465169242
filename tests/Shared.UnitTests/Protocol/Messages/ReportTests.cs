using System.Text;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.UnitTests.Protocol.Messages;

public class ReportTests
{
    private const string Example =
        """{"kind":"configApplied","rev":7,"bound":[{"port":80,"proto":"tcp"},{"port":53,"proto":"udp"}],"failed":[{"port":443,"proto":"tcp","error":"address in use"}]}""";

    [Fact]
    public void Ranges_of_bound_ports_are_read_and_bounded_together()
    {
        Assert.True(
            ControlMessage.TryParseReport(
                """{"kind":"configApplied","bound":[{"port":8000,"proto":"tcp","to":8010},{"port":9,"proto":"udp","to":3}]}"""u8,
                out var report, out _));
        Assert.Equal([new BoundPort(8000, "tcp", 8010), new BoundPort(9, "udp")], report.Bound);
        Assert.Equal(12, report.Bound.Sum(bound => bound.Numbers().Count()));

        var many = string.Join(',', Enumerable.Repeat("""{"port":1,"proto":"tcp","to":65535}""", 3));
        Assert.False(
            ControlMessage.TryParseReport(
                System.Text.Encoding.UTF8.GetBytes($$"""{"kind":"configApplied","bound":[{{many}}]}"""), out _, out var error));
        Assert.Contains("more than 131070 ports", error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_specifications_example_is_read_and_written_byte_for_byte()
    {
        Assert.True(ControlMessage.TryParseReport(Encoding.UTF8.GetBytes(Example), out var report, out var error), error);

        Assert.Equal((Report.ConfigApplied, 7L), (report.Kind, report.Rev));
        Assert.Equal([new BoundPort(80, "tcp"), new BoundPort(53, "udp")], report.Bound);
        Assert.Equal([new FailedPort(443, "tcp", "address in use")], report.Failed);
        Assert.Equal(Example, Encoding.UTF8.GetString(ControlMessage.Serialize(report)));
    }

    [Fact]
    public void A_range_of_failed_ports_is_one_entry_and_one_that_ends_before_it_begins_is_its_first_port()
    {
        const string Json =
            """{"kind":"configApplied","rev":7,"failed":[{"port":385,"proto":"tcp","error":"over the limit","to":65535}]}""";
        Assert.True(ControlMessage.TryParseReport(Encoding.UTF8.GetBytes(Json), out var report, out var error), error);
        Assert.Equal([new FailedPort(385, "tcp", "over the limit", 65535)], report.Failed);
        Assert.Equal("tcp/385-65535", $"{report.Failed[0]}");
        Assert.Equal(Json, Encoding.UTF8.GetString(ControlMessage.Serialize(report)));

        Assert.True(ControlMessage.TryParseReport("""{"failed":[{"port":80,"proto":"tcp","error":"","to":79}]}"""u8, out report, out _));
        Assert.Equal(new FailedPort(80, "tcp", ""), Assert.Single(report.Failed));
    }

    [Fact]
    public void A_public_address_is_a_kind_of_its_own()
    {
        const string Json = """{"kind":"publicIp","rev":0,"publicIp":"192.0.2.1","publicIpv6":"2001:db8::1"}""";
        var report = new Report { Kind = Report.PublicAddress, PublicIp = "192.0.2.1", PublicIpv6 = "2001:db8::1" };

        Assert.Equal(Json, Encoding.UTF8.GetString(ControlMessage.Serialize(report)));
        Assert.True(ControlMessage.TryParseReport(Encoding.UTF8.GetBytes(Json), out var read, out var error), error);
        Assert.Equal(("192.0.2.1", "2001:db8::1"), (read.PublicIp, read.PublicIpv6));
    }

    [Fact]
    public void A_wish_for_connections_is_read_as_it_was_written_and_its_number_is_bounded()
    {
        const string Json = """{"kind":"wantLanes","rev":0,"lanes":2}""";

        Assert.Equal(Json, Encoding.UTF8.GetString(ControlMessage.Serialize(new Report { Kind = Report.WantLanes, Lanes = 2 })));
        Assert.True(ControlMessage.TryParseReport(Encoding.UTF8.GetBytes(Json), out var read, out var error), error);
        Assert.Equal((Report.WantLanes, 2), (read.Kind, read.Lanes));
        Assert.False(ControlMessage.TryParseReport("""{"kind":"wantLanes","lanes":1000000}"""u8, out _, out _));
        Assert.False(ControlMessage.TryParseReport("""{"kind":"wantLanes","lanes":0}"""u8, out _, out _));
    }

    [Fact]
    public void Another_kind_with_other_members_is_no_error()
    {
        Assert.True(ControlMessage.TryParseReport("""{"kind":"weather","sky":["blue"]}"""u8, out var report, out _));
        Assert.Equal("weather", report.Kind);
        Assert.Empty(report.Bound);
        Assert.Empty(report.Failed);
    }

    [Theory]
    [InlineData("""{"bound":[{"port":0,"proto":"tcp"}]}""", "bound.port: 0 is not an integer from 1 to 65535")]
    [InlineData("""{"bound":[{"port":80,"proto":"sctp"}]}""", "bound.proto: \"sctp\" is not \"tcp\" or \"udp\"")]
    [InlineData("""{"bound":[{"proto":"tcp"}]}""", "bound.port: missing")]
    [InlineData("""{"failed":[{"port":80}]}""", "failed.proto: missing")]
    [InlineData("""{"failed":[{"port":80,"proto":"udp","error":5}]}""", "failed.error: 5 is not a string")]
    [InlineData("""{"failed":[80]}""", "failed: 80 is not an object")]
    [InlineData("""{"rev":-1}""", "rev: -1 is not an integer from 0 to 9223372036854775807")]
    public void What_is_wrong_is_named_with_member_and_value(string json, string expected)
    {
        Assert.False(ControlMessage.TryParseReport(Encoding.UTF8.GetBytes(json), out _, out var error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void Long_errors_are_cut_so_that_the_message_is_never_too_long()
    {
        var report = new Report
        {
            Kind = Report.ConfigApplied,
            Failed = [.. Enumerable.Range(1, 1000).Select(port => new FailedPort(port, "tcp", new string('\u0001', 10_000)))],
        };

        var json = ControlMessage.Serialize(report);

        Assert.InRange(json.Length, 1, ControlMessage.MaxLength);
        Assert.True(ControlMessage.TryParseReport(json, out var read, out var error), error);
        Assert.Equal(1000, read.Failed.Length);
    }

    [Fact]
    public void More_ports_than_a_message_can_hold_are_the_callers_mistake() =>
        Assert.Throws<ArgumentException>(
            () =>
                ControlMessage.Serialize(new Report { Bound = [.. Enumerable.Range(1, 5000).Select(port => new BoundPort(port, "tcp"))] }));

    [Fact]
    public void No_input_throws() =>
        HostileInput.FeedBounded(
            input => Assert.Equal(ControlMessage.TryParseReport(input, out var report, out var error), report is not null && error is null),
            [Encoding.UTF8.GetBytes(Example)],
            maxAllocated: 128 * 1024);

    [Fact]
    public void Blocked_clients_are_written_and_read_again()
    {
        var report = new Report
        {
            Kind = Report.Blocked,
            BlockedClients = new BlockedReport
            {
                Counts = [new BlockedCount(443, "tcp", "denied", 5)],
                Sources = [new BlockedSource(443, "tcp", "denied", "2001:db8::7", 5)],
                Dropped = 3,
            },
        };
        var json = Encoding.UTF8.GetString(ControlMessage.Serialize(report));
        Assert.Equal(
            """{"kind":"blocked","rev":0,"blocked":{"counts":[{"port":443,"proto":"tcp","reason":"denied","count":5}],"sources":[{"port":443,"proto":"tcp","reason":"denied","source":"2001:db8::7","count":5}],"dropped":3}}""",
            json);
        Assert.True(ControlMessage.TryParseReport(Encoding.UTF8.GetBytes(json), out var read, out var error), error);
        Assert.Equal(report.BlockedClients.Counts, read.BlockedClients!.Counts);
        Assert.Equal(report.BlockedClients.Sources, read.BlockedClients.Sources);
        Assert.Equal(3, read.BlockedClients.Dropped);
    }

    [Theory]
    [InlineData("""{"kind":"blocked","blocked":[]}""", "not an object")]
    [InlineData("""{"kind":"blocked","blocked":{"counts":[{"port":443,"proto":"tcp"}]}}""", "no port, proto or reason")]
    [InlineData("""{"kind":"blocked","blocked":{"counts":[{"port":443,"proto":"tcp","reason":"\u001b[31m"}]}}""", "not a word")]
    [InlineData(
        """{"kind":"blocked","blocked":{"sources":[{"port":443,"proto":"tcp","reason":"denied","source":"10.0.0.0/8"}]}}""",
        "not an address")]
    [InlineData("""{"kind":"blocked","blocked":{"counts":[{"port":443,"proto":"tcp","reason":"denied","count":-1}]}}""", "blocked.count")]
    [InlineData("""{"kind":"blocked","blocked":{"dropped":-1}}""", "blocked.dropped")]
    public void What_is_wrong_with_blocked_clients_is_named(string json, string expected)
    {
        Assert.False(ControlMessage.TryParseReport(Encoding.UTF8.GetBytes(json), out _, out var error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }
}
