using Microsoft.Extensions.Logging;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.UnitTests.Edges;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Protocol.Tokens;

namespace Tunnel.Hub.UnitTests.Configuration;

public sealed class TunnelHubOptionsReaderTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Defaults_are_the_documented_ones()
    {
        var options = Read();
        Assert.Equal((8443, "::", "127.0.0.1", null), (options.TunnelPort, options.BindAddress, options.TargetHost, options.PublicHost));
        Assert.Equal((LogLevel.Information, 30), (options.Log.Level, options.DrainTimeout.TotalSeconds));
        Assert.Equal(
            new HubLimits
            {
                Unauthenticated = 1024,
                PerAddress = 64,
                AuthTimeout = TimeSpan.FromSeconds(10),
                FailedTriesPerMinute = 10,
                Edges = 10_000,
                StreamsPerEdge = 65_536,
                MemoryBudget = 200L << 20,
            },
            options.Limits);
        Assert.EndsWith("tunnel-hub", options.StateDir, StringComparison.Ordinal);
        Assert.EndsWith("admin.sock", options.AdminSocket, StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_line_wins_over_the_environment_and_that_over_the_file()
    {
        var file = File("""{"tunnelPort":1,"bindAddress":"0.0.0.0","targetHost":"file","limits":{"memoryBudget":5000000000}}""");
        var options = Read(
            file,
            new()
            {
                ["TUNNEL_HUB__TARGETHOST"] = "environment",
                ["TUNNEL_HUB__TUNNELPORT"] = "2",
                ["TUNNEL_HUB__LIMITS__PERADDRESS"] = "7",
            },
            new() { ["tunnelPort"] = "3" });
        Assert.Equal((3, "0.0.0.0", "environment"), (options.TunnelPort, options.BindAddress, options.TargetHost));
        Assert.Equal((7, 5_000_000_000), (options.Limits.PerAddress, options.Limits.MemoryBudget));
    }

    [Fact]
    public void Other_hubs_have_this_ones_port_when_they_say_none()
    {
        var pin = new string('A', 43);
        var options = Read(File($$"""{"tunnelPort":9443,"hubs":["hub2.example.com","192.0.2.7:8443#{{pin}}"]}"""));
        Assert.Equal([new HubAddress("hub2.example.com", 9443, []), new HubAddress("192.0.2.7", 8443, [pin])], options.Hubs);
        var error = Assert.Single(Assert.Throws<ConfigurationException>(() => Read(File("""{"hubs":["hub2#short"]}"""))).Errors);
        Assert.Equal(("hubs", "hub2#short"), (error.Setting, error.Value));
    }

    [Fact]
    public void Edges_are_read_as_in_the_API()
    {
        var options = Read(File("""{"edges":[{"id":"a","secret":"0123456789abcdef","listenPorts":[80,"90-91"]}]}"""));
        Assert.Equal(3, Assert.Single(options.Edges).ListenPorts.Sum(range => range.Count));
    }

    [Fact]
    public void Everything_that_is_wrong_is_told_at_once_with_setting_value_and_what_is_valid()
    {
        var file = File("""
            {"tunelPort":1,"bindAddress":"nowhere","targetHost":"a b","publicHost":"h:0","drainTimeout":4000,"tls":{"certPem":"/none"},
             "limits":{"authTimeout":0,"edges":0,"lanesPerTunnel":9,"memoryBudget":"much","streamsPerEdge":99999999999},
             "edges":[{"id":"a b","secret":"weak secret","listenPort":[1]}]}
            """);
        var error = Assert.Throws<ConfigurationException>(
            () => Read(file, new() { ["TUNNEL_HUB__LOGLEVEL"] = "loud" }, new() { ["tunnelPort"] = "x" }));
        Assert.Equal(
            [
                "bindAddress", "drainTimeout", "edges[0].id", "edges[0].listenPort", "edges[0].secret", "limits.authTimeout",
                "limits.edges",
                "limits.lanesPerTunnel", "limits.memoryBudget", "limits.streamsPerEdge", "logLevel", "publicHost", "targetHost",
                "tls.certPem", "tls.keyPem", "tunelPort", "tunnelPort",
            ],
            error.Errors.Select(fault => fault.Setting).Order(StringComparer.Ordinal));
        Assert.DoesNotContain("weak", error.Message, StringComparison.Ordinal);
        Assert.Contains("did you mean tunnelPort", error.Message, StringComparison.Ordinal);
        Assert.Contains("tunnelPort = \"x\" (--tunnel-port): must be 0 to 65535", error.Message, StringComparison.Ordinal);
        Assert.Contains("logLevel = \"loud\" (TUNNEL_HUB__LOGLEVEL)", error.Message, StringComparison.Ordinal);
        Assert.Contains($"targetHost = \"a b\" ({file})", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("127.1")]
    [InlineData("host")]
    public void A_bind_address_is_written_out(string address) =>
        Assert.Equal(
            "bindAddress",
            Assert.Single(
                Assert.Throws<ConfigurationException>(() => Read(commandLine: new() { ["bindAddress"] = address })).Errors).Setting);

    [Theory]
    [InlineData("bindAddress", "010.0.0.1")]
    [InlineData("targetHost", "127.1")]
    [InlineData("publicHost", "127.1:8443")]
    [InlineData("adminListen", "https://010.0.0.1:9443")]
    [InlineData("adminAllowCidrs", "010.0.0.0/8")]
    [InlineData("neverBlock", "1")]
    [InlineData("targetAllowCidrs", "10.1")]
    [InlineData("otlpEndpoint", "http://0x7f.1:4318/v1")]
    public void Wherever_an_address_may_stand_one_that_looks_like_a_number_is_told_how_to_be_written(string name, string value)
    {
        var error = Assert.Single(Assert.Throws<ConfigurationException>(() => Read(commandLine: new() { [name] = value })).Errors);
        Assert.Equal((name, value), (error.Setting, error.Value));
        Assert.Contains("four decimal numbers from 0 to 255 without leading zeros", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Windows_are_settings_and_go_together()
    {
        var options = Read(
            File("""{"windows":{"initial":32768,"min":65536,"max":131072,"shared":262144},"limits":{"memoryBudget":1048576}}"""));
        Assert.Equal(
            (32768, 65536, 131072, 262144L),
            (options.Windows.InitialWindow, options.Windows.MinWindow, options.Windows.MaxWindow, options.Windows.SharedWindow));
        Assert.Equal(1048576, options.Limits.MemoryBudget);

        var error = Assert.Single(
            Assert.Throws<ConfigurationException>(() => Read(environment: new() { ["TUNNEL_HUB__WINDOWS__MIN"] = "5000000" })).Errors);
        Assert.Equal(("windows.min", "TUNNEL_HUB__WINDOWS__MIN"), (error.Setting, error.Source));
    }

    [Fact]
    public void The_admin_socket_follows_the_state_where_there_is_no_directory_for_it()
    {
        Assert.Equal(
            "/tmp/own.sock", Read(commandLine: new() { ["stateDir"] = "/tmp/state", ["adminSocket"] = "/tmp/own.sock" }).AdminSocket);
        Assert.SkipWhen(
            Environment.IsPrivilegedProcess || Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is not null,
            "this user has a directory for it");
        Assert.Equal("/tmp/state/run/admin.sock", Read(commandLine: new() { ["stateDir"] = "/tmp/state" }).AdminSocket);
    }

    [Fact]
    public void Code_that_embeds_a_hub_hears_the_same_from_the_validator()
    {
        var errors = new ConfigurationErrors();
        TunnelHubOptionsValidator.Validate(
            new TunnelHubOptions
            {
                TunnelPort = -1,
                StateDir = "",
                Edges = [TestEdges.Edge("", 0)],
                Limits = new HubLimits { PerAddress = 0 },
            }, errors);
        Assert.Equal(
            ["edges[0].id", "edges[0].listenPorts[0]", "limits.perAddress", "stateDir", "tunnelPort"],
            errors.Select(error => error.Setting).Order(StringComparer.Ordinal));
    }

    private static TunnelHubOptions Read(
        string? file = null, Dictionary<string, string>? environment = null, Dictionary<string, string?>? commandLine = null) =>
        TunnelHubOptionsReader.Read(TunnelHubOptionsReader.Sources(file, commandLine ?? []) with
        {
            AppSettingsFile = "/nonexistent/appsettings.json",
            DefaultFile = null,
            Environment = environment ?? [],
        });

    private string File(string content)
    {
        System.IO.File.WriteAllText(_directory.File("hub.json"), content);
        return _directory.File("hub.json");
    }
}
