using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Tunnel.Hub.Doctor;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Status;
using Tunnel.Hub.Traffic;
using Tunnel.Hub.UnitTests.Cli;
using Tunnel.Hub.UnitTests.Edges;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Doctor;

public sealed class HubCheckTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task A_hub_that_stands_still_is_told()
    {
        Assert.Equal(CheckStatus.Ok, (await RunAsync(new ServiceCheck(), Context())).Status);
        var still = await RunAsync(new ServiceCheck(), Context() with { NotReady = "The hub is not ready: an event loop" });
        Assert.Equal(CheckStatus.Failed, still.Status);
        Assert.NotNull(still.Advice);
    }

    [Theory]
    [InlineData(400, CheckStatus.Ok)]
    [InlineData(13, CheckStatus.Warning)]
    [InlineData(-1, CheckStatus.Failed)]
    public async Task A_certificate_is_looked_at_before_it_ends(int days, CheckStatus expected) =>
        Assert.Equal(expected, (await RunAsync(new CertificateCheck(_time), Context() with { Certificate = Certificate(days) })).Status);

    [Theory]
    [InlineData(400, null, CheckStatus.Ok)]
    [InlineData(13, null, CheckStatus.Warning)]
    [InlineData(400, "has no certificate in PEM", CheckStatus.Warning)]
    [InlineData(-1, null, CheckStatus.Failed)]
    [InlineData(null, "does not exist", CheckStatus.Failed)]
    public async Task Certificates_of_ports_are_looked_at_before_they_end(int? days, string? fault, CheckStatus expected)
    {
        Assert.Equal(CheckStatus.Skipped, (await RunAsync(new PortCertificatesCheck(_time), Context())).Status);
        var certificate = new PortCertificateStatus
        {
            EdgeId = "vps",
            Ports = "443",
            Path = "/a.pem",
            Names = ["a.test"],
            Expires = _time.GetUtcNow() + Days(days),
            Fault = fault,
        };
        var result = await RunAsync(
            new PortCertificatesCheck(_time), Context() with { Status = Context().Status with { PortCertificates = [certificate] } });
        Assert.Equal(expected, result.Status);
        if (expected == CheckStatus.Ok)
            return;
        Assert.StartsWith("vps tcp/443: /a.pem ", result.Detail, StringComparison.Ordinal);
        Assert.NotNull(result.Advice);

        static TimeSpan? Days(int? days) => days is { } count ? TimeSpan.FromDays(count) : null;
    }

    [Fact]
    public async Task Edges_that_do_not_know_the_next_certificate_are_named()
    {
        var result = await RunAsync(
            new CertificateCheck(_time),
            Context() with { Certificate = Certificate(400) with { NextPin = "next", EdgesNotTold = ["vps"] } });
        Assert.Equal(CheckStatus.Warning, result.Status);
        Assert.Contains("vps", result.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_state_is_the_hubs_alone()
    {
        using var directory = new TemporaryDirectory();
        File.SetUnixFileMode(directory.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var context = Context() with { Status = Context().Status with { StateDirectory = directory.Path } };
        Assert.Equal(CheckStatus.Ok, (await RunAsync(new StateDirectoryCheck(), context)).Status);
        File.SetUnixFileMode(
            directory.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead);
        Assert.Equal(CheckStatus.Warning, (await RunAsync(new StateDirectoryCheck(), context)).Status);
        Assert.Equal(
            CheckStatus.Failed,
            (await RunAsync(
                new StateDirectoryCheck(), Context() with { Status = Context().Status with { StateDirectory = "/nonexistent" } })).Status);
        Assert.Equal(CheckStatus.Skipped, (await RunAsync(new StateDirectoryCheck(), context with { IsElsewhere = true })).Status);
    }

    [Fact]
    public async Task Upstreams_that_refuse_or_have_no_address_are_named_and_UDP_is_only_resolved()
    {
        var check = new UpstreamsCheck(
            (name, _) => name == "there"
                ? Task.FromResult<IPAddress[]>([IPAddress.Loopback])
                : Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound)),
            (address, _) =>
                address.Port == 443 ? Task.CompletedTask : Task.FromException(new SocketException((int)SocketError.ConnectionRefused)),
            _time);
        var good = Edge([443], [53], "there");
        Assert.Equal(CheckStatus.Ok, (await RunAsync(check, Context() with { Edges = [good] })).Status);
        var bad = await RunAsync(
            check,
            Context() with
            {
                Edges = [
                    good, Edge([80, 81, 82, 90], [], "there"), Edge([443], [], "gone"), Edge([1], [], "gone") with { Enabled = false }],
            });
        Assert.Equal(CheckStatus.Failed, bad.Status);
        Assert.Contains("tcp there:80-82,90: ", bad.Detail, StringComparison.Ordinal);
        Assert.Contains("tcp gone:443", bad.Detail, StringComparison.Ordinal);
        Assert.StartsWith("2 of 7", bad.Detail, StringComparison.Ordinal);
    }

    // The dial is refused at once, or ends with an error.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_upstream_that_leads_back_to_a_port_of_an_edge_is_a_loop_though_it_accepts(bool isRefused)
    {
        var turnedAway = new Dictionary<int, long> { [443] = 5, [80] = 7 };
        var check = new UpstreamsCheck(
            (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]),
            (address, _) =>
            {
                if (address.Port == 443)
                    turnedAway[443]++;
                return Task.CompletedTask;
            },
            _time);
        var result = await RunAsync(
            check, Context() with { Edges = [Edge([443, 80], [443], "there")], AskPortsAsync = _ => Task.FromResult(Ports()) });
        Assert.Equal(CheckStatus.Failed, result.Status);
        Assert.Equal(
            "2 of 3 answer or have an address; not tcp there:443: leads back to tcp/443 of a, in a loop: no service has that "
                + "address and port", result.Detail);

        ImmutableArray<PortStatus> Ports() =>
        [
            .. turnedAway.Select(port => new PortStatus
            {
                EdgeId = "a", Port = port.Key, Proto = "tcp", Listening = true, Healthy = true,
                ActiveConnections = 0, TotalConnections = 0, BytesIn = 0, BytesOut = 0,
                Blocked = Count(isRefused, port.Value),
                Errors = Count(!isRefused, port.Value),
            }),
        ];

        static ImmutableSortedDictionary<string, long> Count(bool counts, long value) =>
            counts
                ? ImmutableSortedDictionary<string, long>.Empty.Add("forwardingLoop", value)
                : ImmutableSortedDictionary<string, long>.Empty;
    }

    [Fact]
    public async Task What_targetAllowCidrs_does_not_allow_is_told_and_not_connected_to()
    {
        var tried = new List<string>();
        var check = new UpstreamsCheck(
            (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("10.0.0.5"), IPAddress.Parse("192.0.2.7")]),
            (address, _) =>
            {
                tried.Add(address.ToString());
                return Task.CompletedTask;
            },
            _time);
        var status = Context().Status with { TargetAllowCidrs = CidrSet.Parse("10.0.0.0/8", "192.0.2.0/24") };
        var edge = Edge([443], [53], "there") with { TargetAllowCidrs = CidrSet.Parse("10.0.0.0/8") };

        Assert.Equal(CheckStatus.Ok, (await RunAsync(check, Context() with { Status = status, Edges = [edge] })).Status);
        Assert.Equal(["10.0.0.5:443"], tried);
        var bad = await RunAsync(
            check, Context() with { Status = status with { TargetAllowCidrs = CidrSet.Parse("198.51.100.0/24") }, Edges = [edge] });
        Assert.Equal(CheckStatus.Failed, bad.Status);
        Assert.Contains("tcp there:443: targetAllowCidrs does not allow 10.0.0.5, 192.0.2.7", bad.Detail, StringComparison.Ordinal);
        Assert.Contains("udp there:53: targetAllowCidrs", bad.Detail, StringComparison.Ordinal);
        Assert.Single(tried);
    }

    [Fact]
    public async Task Edges_that_are_down_are_named()
    {
        var status = Statuses.Hub(
            Statuses.Edge("gone", EdgeCondition.Network) with { LastSeen = _time.GetUtcNow().AddHours(-3) },
            Statuses.Edge("off", EdgeCondition.Disabled));
        var result = await RunAsync(new EdgesCheck(_time), Context() with { Status = status });
        Assert.Equal((CheckStatus.Warning, "0 of 2 connected; not gone (last seen 3 h ago)"), (result.Status, result.Detail));

        // Where hubs share their state, the edge may be at another one.
        status = status with { SharedState = new SharedStateStatus("PostgreSQL database tunnel at db", null) };
        result = await RunAsync(new EdgesCheck(_time), Context() with { Status = status });
        Assert.Equal(
            (CheckStatus.Ok,
                "0 of 2 connected to this hub; not gone (last seen 3 h ago), which may be at another hub that shares this state"),
            (result.Status, result.Detail));
    }

    [Theory]
    [InlineData(524_288, 100, CheckStatus.Ok)]
    [InlineData(1024, 100, CheckStatus.Warning)]
    [InlineData(1024, 1000, CheckStatus.Failed)]
    public async Task Descriptors_are_the_services(long limit, long used, CheckStatus expected) => Assert.Equal(
        expected,
        (await RunAsync(
            new HubDescriptorsCheck(),
            Context() with
            {
                Status = Context().Status with { DescriptorLimit = limit },
                Metrics = $"# HELP\ntunnel_descriptors_used {used}\n",
            })).Status);

    [Fact]
    public async Task A_port_that_nothing_has_come_to_is_tried_by_the_name_in_tokens()
    {
        var answers = new TunnelPortCheck((_, _) => Task.CompletedTask, _time);
        var refuses = new TunnelPortCheck((_, _) => Task.FromException(new SocketException((int)SocketError.ConnectionRefused)), _time);
        Assert.Equal(CheckStatus.Warning, (await RunAsync(answers, Context())).Status);
        var named = Context() with { Status = Context().Status with { PublicHost = "192.0.2.1:8443" } };
        Assert.Equal(CheckStatus.Ok, (await RunAsync(answers, named)).Status);
        Assert.Equal(CheckStatus.Warning, (await RunAsync(refuses, named)).Status);
    }

    [Fact]
    public async Task Edges_that_the_hub_dials_are_tried_and_nobody_has_to_reach_the_hub_for_them()
    {
        var edge = TestEdges.WithSecret("cafe") with { Dial = "hub", DialAddress = "cafe.example:8443" };
        var status = Statuses.Hub(Statuses.Edge("cafe", EdgeCondition.Network));
        var context = Context() with { Edges = [edge], Status = status };
        var refused = await RunAsync(Dials((_, _) => Task.FromException(new SocketException((int)SocketError.ConnectionRefused))), context);
        Assert.Equal((CheckStatus.Failed, "cafe at cafe.example:8443: 127.0.0.1: Connection refused"), (refused.Status, refused.Detail));
        Assert.Equal(CheckStatus.Ok, (await RunAsync(Dials((_, _) => Task.CompletedTask), context)).Status);
        Assert.Equal(CheckStatus.Failed, (await RunAsync(Dials((_, _) => Task.CompletedTask), context with { EdgeId = "other" })).Status);
        // The edge's port answers, and what the hub itself has met is told.
        var told = context with { Status = Statuses.Hub(Statuses.Edge("cafe", EdgeCondition.Network) with { DialFault = "another id" }) };
        Assert.Contains("another id", (await RunAsync(Dials((_, _) => Task.CompletedTask), told)).Detail, StringComparison.Ordinal);
        Assert.Equal(CheckStatus.Skipped, (await RunAsync(Dials((_, _) => Task.CompletedTask), Context())).Status);
        // Another hub with the same state dials the edge.
        var others = context with { Status = Statuses.Hub(Statuses.Edge("cafe", EdgeCondition.Network) with { DialledBy = "other:8443" }) };
        var standing = await RunAsync(Dials((_, _) => Task.FromException(new SocketException())), others);
        Assert.Equal(
            (CheckStatus.Ok, "0 of 0 that this hub dials are connected; other:8443 dials cafe"), (standing.Status, standing.Detail));
        // Through a proxy only the service itself gets there.
        var unreachable = Dials((_, _) => Task.FromException(new SocketException((int)SocketError.NetworkUnreachable)));
        var proxied = Statuses.Edge("cafe", EdgeCondition.Network) with { DialProxy = "http://proxy:3128" };
        var failed = await RunAsync(unreachable, context with { Status = Statuses.Hub(proxied with { DialFault = "refused (407)" }) });
        Assert.Equal(
            (CheckStatus.Failed, "cafe at cafe.example:8443 through http://proxy:3128: refused (407)"), (failed.Status, failed.Detail));
        var connected = context with { Status = Statuses.Hub(proxied with { ConnectedSince = _time.GetUtcNow() }), EdgeId = "cafe" };
        var good = await RunAsync(unreachable, connected);
        Assert.Equal((CheckStatus.Ok, "cafe at cafe.example:8443 is connected through http://proxy:3128"), (good.Status, good.Detail));
        Assert.Contains(
            "(through http://proxy:3128)", (await RunAsync(unreachable, connected with { EdgeId = null })).Detail,
            StringComparison.Ordinal);

        Assert.Equal(
            CheckStatus.Ok,
            (await RunAsync(new TunnelPortCheck((_, _) => Task.FromException(new SocketException()), _time), context)).Status);

        DialledEdgesCheck Dials(TcpConnector connect) => new((_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]), connect, _time);
    }

    private static EdgeDefinition Edge(int[] tcp, int[] udp, string target) => TestEdges.WithSecret("a") with
    {
        ListenPorts = [.. tcp.Select(PortRange.FromInt32)],
        ListenPortsUdp = [.. udp.Select(PortRange.FromInt32)],
        Ports = EdgeDefinition.NoPorts.Add("default", new PortPolicyDefinition { TargetHost = target }),
    };

    private CertificateStatus Certificate(int days) => new("pin", null, []) { Expires = _time.GetUtcNow().AddDays(days) };

    private HubDoctorContext Context() => new()
    {
        Status = Statuses.Hub(),
        Certificate = Certificate(400),
        Edges = [],
        AskPortsAsync = _ => Task.FromResult<ImmutableArray<PortStatus>>([]),
    };

    private static Task<CheckResult> RunAsync(ICheck<HubDoctorContext> check, HubDoctorContext context) =>
        check.RunAsync(context, TestContext.Current.CancellationToken);
}
