using System.Net;
using System.Net.Sockets;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Doctor;
using Tunnel.Edge.Doctor.Checks;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Status;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Text;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Quic;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Doctor;

public sealed class CheckTests
{
    private static readonly IPAddress Address = IPAddress.Parse("192.0.2.1");
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task Dns_finds_addresses_and_says_what_to_look_at_when_it_does_not()
    {
        var found = Context();
        var ok = await RunAsync(new DnsCheck((_, _) => Task.FromResult<IPAddress[]>([Address]), _time), found);
        Assert.Equal(CheckStatus.Ok, ok.Status);
        Assert.Equal([Address], found.Addresses);

        var lost = Context();
        var failed = await RunAsync(new DnsCheck((_, _) => throw new SocketException((int)SocketError.HostNotFound), _time), lost);
        Assert.Equal(CheckStatus.Failed, failed.Status);
        Assert.Contains("resolv.conf", failed.Advice);
        Assert.Empty(lost.Addresses);
    }

    [Fact]
    public async Task A_resolver_that_is_silent_has_ten_seconds()
    {
        var check = RunAsync(new DnsCheck((_, _) => new TaskCompletionSource<IPAddress[]>().Task, _time), Context());
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Contains("10 s", (await check.Soon()).Detail);
    }

    [Fact]
    public async Task Tcp_needs_one_address_and_warns_of_others()
    {
        var context = Context();
        var second = IPAddress.Parse("192.0.2.2");
        context.Addresses = [Address, second];
        var refusing = new TcpCheck(
            (to, _) => to.Address.Equals(second) ? Task.CompletedTask : throw new SocketException((int)SocketError.ConnectionRefused),
            _time);
        var result = await RunAsync(refusing, context);
        Assert.Equal(CheckStatus.Warning, result.Status);
        Assert.Equal(second, context.Reached!.Address);

        context.Addresses = [Address];
        var failed = await RunAsync(refusing, context);
        Assert.Equal(CheckStatus.Failed, failed.Status);
        Assert.Contains("TCP 8443", failed.Advice);
    }

    [Fact]
    public async Task A_silent_address_has_five_seconds()
    {
        var context = Context();
        context.Addresses = [Address];
        var check = RunAsync(new TcpCheck((_, cancelled) => Task.Delay(Timeout.Infinite, cancelled), _time), context);
        _time.Advance(TcpCheck.Limit);
        Assert.Contains("no answer within 5 s", (await check.Soon()).Detail);
    }

    [Theory]
    [InlineData(TransportMode.Quic, nameof(CheckStatus.Failed))]
    [InlineData(TransportMode.QuicWithFallback, nameof(CheckStatus.Skipped))]
    [InlineData(TransportMode.TcpTls, nameof(CheckStatus.Skipped))]
    public async Task Without_the_library_quic_fails_only_where_nothing_else_is_allowed(TransportMode mode, string expected)
    {
        var result = await RunAsync(new QuicCheck(new FakeQuicProbe { Unavailable = "libmsquic is missing" }), Reached(mode));
        Assert.Equal((expected, QuicLibrary.InstallHint), ($"{result.Status}", result.Advice));
    }

    [Theory]
    [InlineData(DialFailureKind.Timeout, TransportMode.Quic, nameof(CheckStatus.Failed))]
    [InlineData(DialFailureKind.Timeout, TransportMode.QuicWithFallback, nameof(CheckStatus.Warning))]
    [InlineData(DialFailureKind.Unreachable, TransportMode.TcpTls, nameof(CheckStatus.Warning))]
    [InlineData(DialFailureKind.WrongCertificate, TransportMode.QuicWithFallback, nameof(CheckStatus.Failed))]
    public async Task How_bad_a_blocked_udp_path_is_depends_on_the_mode(DialFailureKind kind, TransportMode mode, string expected)
    {
        var probe = new FakeQuicProbe { Path = new QuicPath(new DialFailure(kind, "of this"), TimeSpan.Zero, 0) };
        var result = await RunAsync(new QuicCheck(probe), Reached(mode));
        Assert.Equal(expected, $"{result.Status}");
        Assert.Contains("of this", result.Detail);
        Assert.NotNull(result.Advice);
    }

    [Theory]
    [InlineData(1420, nameof(CheckStatus.Ok))]
    [InlineData(1183, nameof(CheckStatus.Warning))]
    public async Task A_narrow_path_is_told(int payload, string expected)
    {
        var probe = new FakeQuicProbe { Path = new QuicPath(null, TimeSpan.FromMilliseconds(20), payload) };
        var result = await RunAsync(new QuicCheck(probe), Reached(TransportMode.QuicWithFallback));
        Assert.Equal(expected, $"{result.Status}");
        Assert.Contains($"{payload} bytes", result.Detail);
    }

    [Fact]
    public async Task A_login_hangs_up_before_the_tunnel_starts_and_keeps_the_ports_for_the_next_check()
    {
        var dialer = new FakeDialer();
        var context = Reached(TransportMode.TcpTls);
        var check = RunAsync(new AuthenticationCheck(dialer, null), context);
        var tunnel = new FakeTunnel();
        (await dialer.NextAsync()).Connect(tunnel, new TunnelConfig { ListenPorts = [80, 443] });
        Assert.Equal(CheckStatus.Ok, (await check.Soon()).Status);
        Assert.False(tunnel.Started);
        Assert.True(tunnel.Disposed);
        Assert.Equal([80, 443], context.Config!.ListenPorts);
    }

    [Fact]
    public async Task A_refused_login_names_the_command_for_a_new_token()
    {
        var dialer = new FakeDialer();
        var check = RunAsync(new AuthenticationCheck(dialer, null), Reached(TransportMode.TcpTls));
        (await dialer.NextAsync()).Fail(DialFailureKind.Unauthorized);
        var result = await check.Soon();
        Assert.Equal(CheckStatus.Failed, result.Status);
        Assert.Contains("tunnel-hub edge token edge-1", result.Advice);
    }

    [Fact]
    public async Task Ports_of_the_running_edge_are_fine_and_the_others_are_tried()
    {
        var context = Reached(TransportMode.TcpTls);
        context.Config = new TunnelConfig { ListenPorts = [80, 443], ListenPortsUdp = [53] };
        var tried = new List<PortKey>();
        var check = new PortsCheck(
            (port, _) =>
            {
                tried.Add(port);
                return null;
            },
            _ => Running(PortKey.Tcp(443)));
        var result = await RunAsync(check, context);
        Assert.Equal(CheckStatus.Ok, result.Status);
        Assert.Equal([PortKey.Tcp(80), PortKey.Udp(53)], tried);
        Assert.Contains("1 of them held by the running edge", result.Detail);
    }

    [Fact]
    public async Task Ports_that_the_running_edge_binds_meanwhile_are_its_own()
    {
        var asked = 0;
        var check = new PortsCheck(
            (_, _) => "address in use",
            _ => ++asked < 3 ? Running() : Running(PortKey.Tcp(443)));

        var context = Reached(TransportMode.TcpTls);
        context.Config = new TunnelConfig { ListenPorts = [443] };
        var result = await RunAsync(check, context);
        Assert.Equal(CheckStatus.Ok, result.Status);
        Assert.Equal(3, asked);
    }

    [Fact]
    public async Task A_port_that_this_edge_protects_is_nothing_to_wait_for()
    {
        var asked = 0;
        var check = new PortsCheck(
            (_, _) => null,
            _ =>
            {
                asked++;
                return Running();
            });
        var context = Reached(TransportMode.TcpTls);
        context.Config = new TunnelConfig { ListenPorts = [22, 443] };
        var result = await RunAsync(check, context);
        Assert.Contains("tcp/22: protected", result.Detail);
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task Each_port_that_cannot_be_bound_is_named()
    {
        var context = Reached(TransportMode.TcpTls);
        context.Config = new TunnelConfig { ListenPorts = [22, 80, 443] };
        var check = new PortsCheck(
            (port, _) => port.Number == 80 ? "address in use" : null, _ => Task.FromResult<RunningPorts?>(null));
        var result = await RunAsync(check, context);
        Assert.Equal(CheckStatus.Failed, result.Status);
        Assert.Contains("tcp/22: protected", result.Detail);
        Assert.Contains("tcp/80: address in use", result.Detail);
        Assert.DoesNotContain("tcp/443", result.Detail);
    }

    [Fact]
    public async Task Where_the_hub_dials_the_running_edge_tells_its_ports()
    {
        var context = new DoctorContext(Context().Options with { HubDials = true });
        PortProbe probe = (_, _) => throw new InvalidOperationException("nothing is to be tried");
        var skipped = await RunAsync(new PortsCheck(probe, _ => Task.FromResult<RunningPorts?>(null)), context);
        Assert.Equal(CheckStatus.Skipped, skipped.Status);

        var good = await RunAsync(new PortsCheck(probe, _ => Running(PortKey.Tcp(443), PortKey.Udp(53))), context);
        Assert.Equal((CheckStatus.Ok, "the running edge has bound 2"), (good.Status, good.Detail));

        var none = await RunAsync(new PortsCheck(probe, _ => Running()), context);
        Assert.Equal(CheckStatus.Warning, none.Status);
        Assert.Contains("tunnel-hub edge show edge-1", none.Advice);

        EdgePortFailure[] failures = [new(80, "tcp", "address in use"), new(1000, "udp", "protected", 1999)];
        var failed = await RunAsync(
            new PortsCheck(
                probe, _ => Task.FromResult<RunningPorts?>(new RunningPorts(new HashSet<PortKey> { PortKey.Tcp(443) }, failures))),
            context);
        Assert.Equal(
            (CheckStatus.Failed, "the running edge has bound 1; not tcp/80: address in use; udp/1000-1999: protected"),
            (failed.Status, failed.Detail));
    }

    [Fact]
    public void A_port_that_a_program_has_is_found_by_a_real_bind()
    {
        using var holder = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        holder.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        holder.Listen();
        Assert.Equal("address in use", PortsCheck.TryBind(PortKey.Tcp(((IPEndPoint)holder.LocalEndPoint!).Port), IPAddress.Loopback));
    }

    [Theory]
    [InlineData(null, 0ul, nameof(CheckStatus.Warning))]
    [InlineData("/usr/sbin/nft", 0ul, nameof(CheckStatus.Warning))]
    [InlineData("/usr/sbin/nft", 1ul << 12, nameof(CheckStatus.Ok))]
    public async Task Nftables_needs_the_program_and_the_right(string? path, ulong capabilities, string expected) =>
        Assert.Equal(expected, $"{(await RunAsync(new NftablesCheck(_ => path, () => capabilities), Context())).Status}");

    [Theory]
    [InlineData(524_288L, nameof(CheckStatus.Ok))]
    [InlineData((long)int.MaxValue, nameof(CheckStatus.Ok))]
    [InlineData(4096L, nameof(CheckStatus.Warning))]
    [InlineData(null, nameof(CheckStatus.Skipped))]
    public async Task The_services_limit_of_descriptors_counts_and_nobody_elses(long? limit, string expected) =>
        Assert.Equal(expected, $"{(await RunAsync(new DescriptorCheck(_ => Task.FromResult(limit)), Context())).Status}");

    [Theory]
    [InlineData(212_992L, nameof(CheckStatus.Warning))]
    [InlineData(4_194_304L, nameof(CheckStatus.Ok))]
    [InlineData(null, nameof(CheckStatus.Skipped))]
    public async Task Small_udp_buffers_come_with_the_line_for_sysctl(long? value, string expected)
    {
        var result = await RunAsync(new UdpBufferCheck(_ => value), Context());
        Assert.Equal(expected, $"{result.Status}");
        if (result.Status == CheckStatus.Warning)
            Assert.Contains("net.core.rmem_max = 4194304", result.Advice);
    }

    [Theory]
    [InlineData("287901\t383869\t575802\n", "383868", "no ", nameof(CheckStatus.Ok))]
    [InlineData("287901\t383869\t575802\n", "383868", "yes", nameof(CheckStatus.Warning))]
    [InlineData("287901\t383869\t575802\n", "383869", "no ", nameof(CheckStatus.Warning))]
    [InlineData("287901\t383869\t575802\n", "-1", "NI ", nameof(CheckStatus.Skipped))]
    [InlineData("287901\t383869\t575802\n", null, "yes", nameof(CheckStatus.Skipped))]
    [InlineData("0\n", "383869", "yes", nameof(CheckStatus.Skipped))]
    [InlineData(null, "383869", "yes", nameof(CheckStatus.Skipped))]
    public async Task What_the_kernel_has_left_for_tcp_comes_with_the_line_for_sysctl(
        string? limits, string? used, string isShort, string expected)
    {
        var protocols = $"""
            protocol  size sockets  memory press maxhdr  slab module     cl co
            TCPv6     2432      0  999999   yes    192   yes  kernel      y  y
            TCP       2272     16  383868   {isShort}    192   yes  kernel      y  y
            """;
        var files = new Dictionary<string, string?>
        {
            ["/proc/sys/net/ipv4/tcp_mem"] = limits,
            ["/proc/net/sockstat"] = used is null ? null : $"sockets: used 95\nTCP: inuse 5 orphan 0 tw 0 alloc 6 mem {used}\n",
            ["/proc/net/protocols"] = protocols,
        };
        var result = await RunAsync(new TcpMemoryCheck(path => files[path]), Context());
        Assert.Equal(expected, $"{result.Status}");
        if (result.Status == CheckStatus.Warning)
            Assert.Contains("net.ipv4.tcp_mem = 575802 767738 1151604", result.Advice);
    }

    [Theory]
    [InlineData(true, 0, nameof(CheckStatus.Ok))]
    [InlineData(false, 0, nameof(CheckStatus.Warning))]
    [InlineData(null, 0, nameof(CheckStatus.Skipped))]
    [InlineData(true, -2, nameof(CheckStatus.Failed))]
    public async Task A_clock_outside_of_the_certificates_time_fails_without_pins(bool? synchronized, int years, string expected)
    {
        var context = Context();
        var now = _time.GetUtcNow().UtcDateTime.AddYears(years);
        context.CertificateValidity = (now.AddDays(-1), now.AddYears(1));
        Assert.Equal(expected, $"{(await RunAsync(new ClockCheck(() => synchronized, _time), context)).Status}");
    }

    [Theory]
    [InlineData(1_500, nameof(CheckStatus.Ok), "full size")]
    [InlineData(1_300, nameof(CheckStatus.Warning), "1280 bytes")]
    [InlineData(600, nameof(CheckStatus.Warning), "596 bytes")]
    [InlineData(100, nameof(CheckStatus.Skipped), "see tls")]
    public async Task A_path_that_swallows_large_packets_is_told_with_the_size_that_it_takes(int takes, string expected, string detail)
    {
        var context = Context();
        context.Reached = new IPEndPoint(Address, 8443);
        var silent = new TaskCompletionSource<bool>();
        var check = RunAsync(
            new PathCheck(
                (_, _, maxPacket, token) => (maxPacket ?? 1_500) <= takes ? Task.FromResult(true) : silent.Task.WaitAsync(token), _time),
            context);
        for (var i = 0; i < 3 && !check.IsCompleted; i++)
            _time.Advance(PathCheck.Limit);

        var result = await check.Soon();
        Assert.Equal(expected, $"{result.Status}");
        Assert.Contains(detail, result.Detail);
        Assert.Equal(expected == nameof(CheckStatus.Warning), result.Advice is not null);
    }

    [Fact]
    public async Task A_check_that_breaks_or_hangs_is_a_failure_and_the_others_go_on()
    {
        var doctor = new CheckRun<DoctorContext>(
            [
                new NftablesCheck(_ => throw new IOException("broken"), () => 0), new HangingCheck(),
                new UdpBufferCheck(_ => UdpBufferCheck.Wanted)], _time);
        var run = doctor.RunAsync(Context(), TestContext.Current.CancellationToken);
        await Eventually.IsTrueAsync(() => _time.WaitingTimers > 0, "the hanging check's limit");
        _time.Advance(CheckRun<DoctorContext>.Limit);
        var report = await run.Soon();
        Assert.False(report.Ok);
        Assert.Equal([CheckStatus.Failed, CheckStatus.Failed, CheckStatus.Ok], report.Checks.Select(check => check.Status));
        Assert.Contains("broken", report.Checks[0].Detail);
    }

    [Fact]
    public void A_report_is_two_lines_for_what_needs_work_and_has_words_in_json()
    {
        var report = CheckReport.Of(
            [new CheckResult("dns", CheckStatus.Ok, "fine"), new CheckResult("tcp", CheckStatus.Failed, "refused", "start the hub")]);
        using var text = new StringWriter();
        report.Write(text, Terminal.None);
        Assert.Equal(3, text.ToString().TrimEnd().Split('\n').Length);
        Assert.Contains("→ start the hub", text.ToString());
        Assert.Contains("\"status\": \"failed\"", report.ToJson());
        Assert.Contains("\"ok\": false", report.ToJson());
    }

    [Fact]
    public async Task Each_of_several_hubs_is_checked_and_one_that_takes_the_edge_is_enough()
    {
        var hubs = new[] { Context(), Context(), Context() };
        var main = new DoctorContext(hubs[0].Options) { Hubs = [.. hubs] };
        hubs[1].Config = new TunnelConfig { ListenPorts = [80], Hub = new HubInfo { Rev = 1, State = 7 } };
        hubs[2].Config = new TunnelConfig { ListenPorts = [81], Hub = new HubInfo { Rev = 1, State = 8 } };
        var refusing = new DnsCheck((_, _) => throw new SocketException((int)SocketError.HostNotFound), _time);
        var report = await new CheckRun<DoctorContext>([.. hubs.Select(hub => new HubCheck(refusing, hub))], _time)
            .RunAsync(main, TestContext.Current.CancellationToken);

        Assert.All(report.Checks, check => Assert.Equal("hub.example:8443", check.Subject));
        Assert.Equal(3, report.Checks.Length);
        Assert.All(report.Checks, check => Assert.Equal(CheckStatus.Warning, main.Judge(check).Status));
        Assert.Equal([81], main.ConfigInForce!.ListenPorts);
        using var text = new StringWriter();
        report.Write(text, Terminal.None);
        Assert.Contains("dns             hub.example:8443: hub.example can't be resolved", text.ToString());
        Assert.Contains("\"subject\": \"hub.example:8443\"", report.ToJson());

        // When no hub takes it, each is a failure; what is wrong with this machine is never a hub's fault.
        Assert.Equal(CheckStatus.Failed, new DoctorContext(hubs[0].Options).Judge(report.Checks[0]).Status);
        Assert.Equal(CheckStatus.Failed, main.Judge(new CheckResult("ports", CheckStatus.Failed, "in use")).Status);
    }

    [Fact]
    public async Task A_hub_that_refuses_one_of_the_secrets_is_told_the_next_as_by_the_edge()
    {
        var dialer = new FakeDialer();
        var context = new DoctorContext(
            Context().Options)
        { Secrets = ["renewed-by-another-hub", "of-the-token-of-it"], Reached = new IPEndPoint(Address, 8443) };
        var check = RunAsync(new AuthenticationCheck(dialer, null), context);
        var first = await dialer.NextAsync();
        Assert.Equal("renewed-by-another-hub", first.Request.Secret);
        first.Fail(DialFailureKind.Unauthorized);
        var second = await dialer.NextAsync();
        Assert.Equal("of-the-token-of-it", second.Request.Secret);
        second.Connect(new FakeTunnel());
        Assert.Equal(CheckStatus.Ok, (await check.Soon()).Status);
    }

    private static DoctorContext Context(TransportMode mode = TransportMode.TcpTls) =>
        new(
            new TunnelEdgeOptions
            {
                HubHost = "hub.example",
                EdgeId = "edge-1",
                Secret = "a-very-secret-secret",
                Transport = mode,
                BindAddress = IPAddress.Loopback,
            });

    private static DoctorContext Reached(TransportMode mode)
    {
        var context = Context(mode);
        context.Addresses = [Address];
        context.Reached = new IPEndPoint(Address, 8443);
        return context;
    }

    private static Task<RunningPorts?> Running(params PortKey[] bound) =>
        Task.FromResult<RunningPorts?>(new RunningPorts(bound.ToHashSet(), []));

    private static Task<CheckResult> RunAsync(IEdgeCheck check, DoctorContext context) =>
        check.RunAsync(context, TestContext.Current.CancellationToken);

    private sealed class FakeQuicProbe : IQuicProbe
    {
        public string? Unavailable { get; init; }

        public QuicPath? Path { get; init; }

        public Task<QuicPath> ProbeAsync(DialRequest request, CancellationToken cancellationToken) => Task.FromResult(Path!);
    }

    private sealed class HangingCheck : IEdgeCheck
    {
        public string Name => "hanging";

        public Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken) =>
            new TaskCompletionSource<CheckResult>().Task;
    }
}
