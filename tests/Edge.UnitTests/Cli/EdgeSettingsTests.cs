using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Cli;
using Tunnel.Edge.Configuration;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.UnitTests.Cli;

public sealed class EdgeSettingsTests : IDisposable
{
    private const string Secret = "a-very-secret-secret";
    private static readonly string Pin = new('A', 43);
    private static readonly ConnectionToken Token = new("hub.example", 9443, "edge-1", Secret, [Pin]);

    private readonly string _directory = Directory.CreateTempSubdirectory("settings").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_token_says_all_about_the_hub_and_the_rest_has_defaults()
    {
        var settings = Load(("token", Token.Encode()));
        Assert.Equal(
            ("hub.example", 9443, "edge-1", Secret),
            (settings.Edge.HubHost, settings.Edge.HubPort, settings.Edge.EdgeId, settings.Edge.Secret));
        Assert.Equal([Pin], settings.Edge.Pins);
        Assert.Equal(IPAddress.IPv6Any, settings.Edge.BindAddress);
        Assert.Equal([22], settings.Edge.ProtectedPorts);
        Assert.Null(settings.Edge.AllowPorts);
        Assert.Equal(TimeSpan.FromSeconds(30), settings.Edge.DrainTimeout);
        Assert.Equal(LogLevel.Information, settings.Log.Level);
    }

    [Fact]
    public void A_token_may_come_from_a_file_or_the_environment()
    {
        Assert.Equal("edge-1", Load(("tokenFile", Write("token", Token.Encode() + "\n"))).Edge.EdgeId);
        Assert.Equal("edge-1", LoadEnvironment(new() { ["TUNNEL_EDGE__TOKEN"] = Token.Encode() }).Edge.EdgeId);
    }

    [Fact]
    public void Settings_of_their_own_take_the_tokens_place()
    {
        var settings = Load(
            ("hubHost", "192.0.2.1"), ("hubPort", "9443"), ("edgeId", "edge-1"), ("secretFile", Write("secret", Secret + "\n")),
            ("pins", Pin));
        Assert.Equal(
            ("192.0.2.1", 9443, "edge-1", Secret),
            (settings.Edge.HubHost, settings.Edge.HubPort, settings.Edge.EdgeId, settings.Edge.Secret));
        Assert.Equal([Pin], settings.Edge.Pins);
    }

    [Fact]
    public void Further_hubs_come_from_the_token_or_a_setting_which_wins()
    {
        var usual = Load(("token", Token.Encode())).Edge;
        Assert.Empty(usual.Hubs);
        Assert.Equal(HubPreference.Load, usual.Prefer);
        var token = Token with { FurtherHubs = [new("hub2.example", 9443, [])] };
        Assert.Equal(token.FurtherHubs, Load(("token", token.Encode())).Edge.Hubs);
        Assert.Equal(token.FurtherHubs, TunnelEdgeOptions.FromToken(token).Hubs);
        Assert.Equal([], Load(("token", token.Encode()), ("hubs", "[]")).Edge.Hubs);

        var own = Load(("token", token.Encode()), ("hubs", $"hub3.example, [2001:db8::1]:8443#{Pin}"), ("prefer", "order")).Edge;
        Assert.Equal([new HubAddress("hub3.example", 9443, []), new HubAddress("2001:db8::1", 8443, [Pin])], own.Hubs);
        Assert.Equal(HubPreference.Order, own.Prefer);
        Assert.Equal(["hub.example", "hub3.example", "2001:db8::1"], own.ForEachHub().Select(hub => hub.HubHost));
        Assert.All(own.ForEachHub(), hub => Assert.Equal([Pin], hub.Pins));
    }

    [Theory]
    [InlineData("hub 2", "hubs")]
    [InlineData("hub2:0", "hubs")]
    [InlineData("hub2#short", "hubs")]
    [InlineData("hub2,HUB2:9443", "hubs")]
    [InlineData("1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5,1.1.1.6,1.1.1.7,1.1.1.8", "hubs")]
    public void Hubs_that_are_none_are_named(string hubs, string setting)
    {
        var error = Assert.Single(Assert.Throws<ConfigurationException>(() => Load(("token", Token.Encode()), ("hubs", hubs))).Errors);
        Assert.Equal(setting, error.Setting);
    }

    [Fact]
    public void A_hub_that_dials_is_the_only_one()
    {
        var token = Token with { HubDials = true };
        var error = Assert.Single(Assert.Throws<ConfigurationException>(() => Load(("token", token.Encode()), ("hubs", "hub2"))).Errors);
        Assert.Contains("only one hub can dial an edge", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_file_has_the_same_settings_in_camelCase()
    {
        var file = Write("edge.json", $$"""
            {
              "token": "{{Token.Encode()}}", "bindAddress": "127.0.0.1", "transport": "tcpTls", "allowPorts": [80, "8000-8002"],
              "protectedPorts": [], "adminSocket": "/tmp/a.sock", "stateDir": "/tmp/s", "logLevel": "debug", "drainTimeout": "5s", "lanes": 3,
            }
            """);
        var settings = EdgeSettings.Load(Sources() with { File = file });
        Assert.Equal(IPAddress.Loopback, settings.Edge.BindAddress);
        Assert.Equal([80, 8000, 8001, 8002], settings.Edge.AllowPorts!.Value);
        Assert.Empty(settings.Edge.ProtectedPorts);
        Assert.Equal("/tmp/a.sock", settings.AdminSocket);
        Assert.Equal("/tmp/s", settings.Edge.StateDirectory);
        Assert.Equal(LogLevel.Debug, settings.Log.Level);
        Assert.Equal(TimeSpan.FromSeconds(5), settings.Edge.DrainTimeout);
        Assert.Equal(3, settings.Edge.Lanes);
    }

    [Fact]
    public void Limits_and_windows_are_settings()
    {
        var file = Write("edge.json", $$"""
            { "token": "{{Token.Encode()}}", "udpIdleTimeout": 5, "windows": { "initial": 32768, "min": 65536, "max": 131072, "shared": 262144 },
              "limits": { "udpSessions": 10, "udpSessionsPerAddress": 3, "memoryBudget": 5000000000 } }
            """);
        var edge = EdgeSettings.Load(Sources() with { File = file }).Edge;
        Assert.Equal((10, 3, TimeSpan.FromSeconds(5)), (edge.MaxUdpSessions, edge.MaxUdpSessionsPerAddress, edge.UdpIdleTimeout));
        Assert.Equal(
            new FlowControlOptions
            {
                InitialWindow = 32768,
                MinWindow = 65536,
                MaxWindow = 131072,
                SharedWindow = 262144,
                MemoryBudget = 5_000_000_000,
            },
            edge.FlowControl);

        var usual = Load(("token", Token.Encode())).Edge;
        Assert.Equal(
            (65536, 16384, TimeSpan.FromSeconds(60)), (usual.MaxUdpSessions, usual.MaxUdpSessionsPerAddress, usual.UdpIdleTimeout));
        Assert.Equal(new FlowControlOptions(), usual.FlowControl);
    }

    [Theory]
    [InlineData("hubHost", "127.1")]
    [InlineData("bindAddress", "010.0.0.1")]
    [InlineData("stunServers", "010.0.0.1:3478")]
    [InlineData("otlpEndpoint", "http://1:4318")]
    public void Wherever_an_address_may_stand_one_that_looks_like_a_number_is_told_how_to_be_written(string name, string value)
    {
        (string, string)[] hub =
            name == "hubHost" ? [("edgeId", "e"), ("secretFile", Write("secret", Secret))] : [("token", Token.Encode())];
        var error = Assert.Single(Assert.Throws<ConfigurationException>(() => Load([(name, value), .. hub])).Errors);
        Assert.Equal((name, value), (error.Setting, error.Value));
        Assert.Contains("four decimal numbers from 0 to 255 without leading zeros", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void The_socket_of_a_running_edge_is_where_its_file_says()
    {
        var file = Write(
            "edge.json", """{ "tokenFile": "/none", "adminSocket": "/tmp/own.sock", "stateDir": "/tmp/state", "unknown": 1 }""");
        Assert.Equal("/tmp/own.sock", EdgeSettings.RunningAdminSocket(Sources() with { DefaultFile = file }));
        var environment = new Dictionary<string, string> { ["TUNNEL_EDGE__ADMINSOCKET"] = "/tmp/other.sock" };
        Assert.Equal("/tmp/other.sock", EdgeSettings.RunningAdminSocket(Sources() with { DefaultFile = file, Environment = environment }));
    }

    [Theory]
    [InlineData("limits.udpSessions", "0", "1 to 1000000")]
    [InlineData("limits.udpSessionsPerAddress", "1000001", "1 to 1000000")]
    [InlineData("udpIdleTimeout", "0", "1 to 86400 seconds")]
    [InlineData("limits.memoryBudget", "1048575", "1048576 to")]
    [InlineData("windows.initial", "16383", "16384 to")]
    [InlineData("windows.initial", "2000000", "windows.min, which is 1048576")]
    [InlineData("windows.min", "5000000", "windows.max, which is 4194304")]
    [InlineData("windows.max", "2000000000", "to 1073741824")]
    [InlineData("windows.shared", "many", "bytes")]
    public void Limits_and_windows_have_ranges(string name, string value, string valid)
    {
        var error = Assert.Single(Assert.Throws<ConfigurationException>(() => Load(("token", Token.Encode()), (name, value))).Errors);
        Assert.Equal((name, value), (error.Setting, error.Value));
        Assert.Contains(valid, error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_variable_takes_the_place_of_a_list_in_the_file()
    {
        var file = Write("edge.json", $$"""{ "token": "{{Token.Encode()}}", "allowPorts": [80, 81] }""");
        var environment = new Dictionary<string, string> { ["TUNNEL_EDGE__ALLOWPORTS"] = "443,8000-8001" };
        Assert.Equal(
            [443, 8000, 8001], EdgeSettings.Load(Sources() with { File = file, Environment = environment }).Edge.AllowPorts!.Value);
    }

    [Fact]
    public void Stun_servers_have_names_or_addresses_and_a_port_that_may_be_left_out()
    {
        var settings = Load(
            ("token", Token.Encode()), ("stunServers", "stun.example, 192.0.2.1:4000, 2001:db8::1, [2001:db8::2], [2001:db8::3]:5000"));
        Assert.Equal(
            [
                new DnsEndPoint("stun.example", 3478), new("192.0.2.1", 4000), new("2001:db8::1", 3478), new("2001:db8::2", 3478),
                new("2001:db8::3", 5000)],
            settings.Edge.StunServers);
        Assert.Equal([new DnsEndPoint("stun.cloudflare.com", 3478)], Load(("token", Token.Encode())).Edge.StunServers);
        foreach (var none in new[] { "", "[]" })
            Assert.Empty(Load(("token", Token.Encode()), ("stunServers", none)).Edge.StunServers);

        foreach (
            var wrong in new[] { "stun.example:0", "stun.example:65536", "stun.example:x", ":3478", "[::1", "a b", "[::1]x", "http://a/" })
        {
            var error = Assert.Throws<ConfigurationException>(() => Load(("token", Token.Encode()), ("stunServers", wrong)));
            Assert.Contains("must be HOST, HOST:PORT or [IPV6]:PORT", error.Message);
        }

        Assert.Contains("at most 8", Assert.Throws<ConfigurationException>(
            () => Load(("token", Token.Encode()), ("stunServers", string.Join(',', Enumerable.Repeat("s", 9))))).Message);
    }

    [Fact]
    public void Every_error_is_told_at_once_with_setting_value_and_what_is_valid()
    {
        var wrong = Assert.Throws<ConfigurationException>(() => Load(
            ("hubHost", "not a host"), ("hubPort", "99999"), ("edgeId", "e d"), ("secretFile", Write("secret", "short secret with spaces")),
            ("bindAddress", "everywhere"), ("transport", "udp"), ("logLevel", "loud"), ("drainTimeout", "-1"), ("lanes", "9"),
            ("allowPorts", "80,x"), ("pins", "p")));

        AssertError(wrong, "hubHost", "not a host", "host name");
        AssertError(wrong, "hubPort", "99999", "1 to 65535");
        AssertError(wrong, "edgeId", "e d", "1 to 64");
        AssertError(wrong, "secret", ConfigurationError.Masked, "printable ASCII");
        AssertError(wrong, "bindAddress", "everywhere", "::");
        AssertError(wrong, "transport", "udp", "must be one of tcpTls, quic, quicWithFallback");
        AssertError(wrong, "logLevel", "loud", "debug");
        AssertError(wrong, "drainTimeout", "-1", "seconds");
        AssertError(wrong, "lanes", "9", "1 to 8");
        AssertError(wrong, "allowPorts", "80,x", "\"x\"");
        AssertError(wrong, "pins", "p", "43 characters");
        Assert.Equal(11, wrong.Errors.Length);
        Assert.DoesNotContain("short secret", wrong.Message);
    }

    [Theory]
    [InlineData(null, null, TransportMode.TcpTls)]
    [InlineData(TransportMode.QuicWithFallback, null, TransportMode.QuicWithFallback)]
    [InlineData(TransportMode.QuicWithFallback, "tcpTls", TransportMode.TcpTls)]
    [InlineData(null, "quic", TransportMode.Quic)]
    public void The_transport_is_the_tokens_unless_a_setting_says_otherwise(TransportMode? inToken, string? setting, TransportMode expected)
    {
        var token = ("token", (Token with { Transport = inToken }).Encode());
        var settings = setting is null ? Load(token) : Load(token, ("transport", setting));
        Assert.Equal(expected, settings.Edge.Transport);
    }

    [Fact]
    public void Token_and_settings_of_the_hub_exclude_each_other()
    {
        var wrong = Assert.Throws<ConfigurationException>(
            () => Load(("token", Token.Encode()), ("hubHost", "hub.example"), ("edgeId", "edge-1")));
        Assert.Contains("not both", Assert.Single(wrong.Errors).Problem);
        Assert.Contains("hubHost, edgeId", wrong.Message);
        Assert.DoesNotContain(Token.Encode(), wrong.Message);
    }

    [Fact]
    public void A_token_that_is_cut_off_is_told_without_showing_it()
    {
        var cut = Token.Encode()[..^9];
        var wrong = Assert.Throws<ConfigurationException>(() => Load(("token", cut)));
        Assert.Equal("token", Assert.Single(wrong.Errors).Setting);
        Assert.DoesNotContain(cut, wrong.Message);
        Assert.DoesNotContain(Secret, wrong.Message);
    }

    [Theory]
    [InlineData(0, "is empty")]
    [InlineData(70_000, "has more than 65536 bytes")]
    public void A_file_that_can_be_no_token_says_why(int length, string fault)
    {
        var wrong = Assert.Throws<ConfigurationException>(() => Load(("tokenFile", Write("token", new string('a', length)))));
        Assert.StartsWith(fault, Assert.Single(wrong.Errors).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_at_all_says_what_to_give()
    {
        var wrong = Assert.Throws<ConfigurationException>(() => Load());
        Assert.Contains("tokenFile", Assert.Single(wrong.Errors).Problem);
    }

    [Fact]
    public void Half_of_the_settings_says_what_is_missing()
    {
        var wrong = Assert.Throws<ConfigurationException>(() => Load(("hubHost", "hub.example")));
        Assert.Equal(["edgeId", "secretFile"], wrong.Errors.Select(error => error.Setting));
    }

    [Fact]
    public void A_setting_that_does_not_exist_is_an_error()
    {
        var wrong = Assert.Throws<ConfigurationException>(
            () => LoadEnvironment(new() { ["TUNNEL_EDGE__TOKEN"] = Token.Encode(), ["TUNNEL_EDGE__BINDADRESS"] = "::" }));
        Assert.Contains("bindAddress", Assert.Single(wrong.Errors).Problem);
    }

    [Fact]
    public void The_options_do_not_print_the_secret() => Assert.DoesNotContain(Secret, Load(("token", Token.Encode())).ToString());

    [Fact]
    public void The_proxy_is_the_settings_and_else_that_of_the_environment()
    {
        var environment = new Dictionary<string, string>
        {
            ["TUNNEL_EDGE__TOKEN"] = Token.Encode(),
            ["HTTPS_PROXY"] = "http://me:a-long-password@proxy.example:3128",
        };
        Assert.Equal("http://proxy.example:3128", Proxy(environment));
        Assert.Null(Proxy(new(environment) { ["NO_PROXY"] = "10.0.0.0/8,.example" }));
        Assert.Null(Proxy(new(environment) { ["https_proxy"] = "" }));
        Assert.Equal("http://proxy.example:3128", Proxy(new(environment) { ["NO_PROXY"] = "10.0.0.0/8" }));
        Assert.Equal(
            "socks5://192.0.2.1:1080", Proxy(new(environment) { ["TUNNEL_EDGE__PROXY"] = "socks5://192.0.2.1", ["NO_PROXY"] = "*" }));
        Assert.Null(Proxy(new(environment) { ["TUNNEL_EDGE__PROXY"] = "none" }));

        static string? Proxy(Dictionary<string, string> environment)
        {
            var edge = LoadEnvironment(environment).Edge;
            return edge.Proxy.HopTo(edge.HubHost, edge.HubPort)?.Server.ToString();
        }
    }

    [Theory]
    [InlineData("TUNNEL_EDGE__PROXY", "proxy")]
    [InlineData("HTTPS_PROXY", "HTTPS_PROXY")]
    public void A_proxy_that_is_none_is_an_error_without_its_password(string variable, string setting)
    {
        var wrong = Assert.Throws<ConfigurationException>(() => LoadEnvironment(new()
        {
            ["TUNNEL_EDGE__TOKEN"] = Token.Encode(),
            [variable] = "https://me:a-long-password@proxy.example",
        }));
        AssertError(wrong, setting, ConfigurationError.Masked, "must be http://HOST:PORT or socks5://HOST:PORT");
        Assert.DoesNotContain("a-long-password", wrong.ToString());
    }

    private static void AssertError(ConfigurationException wrong, string setting, string value, string valid)
    {
        ConfigurationError error = Assert.Single(wrong.Errors, error => error.Setting == setting);
        Assert.Equal(value, error.Value);
        Assert.Contains(valid, error.Problem);
    }

    private static EdgeSettings Load(params (string Name, string Value)[] commandLine) =>
        EdgeSettings.Load(
            Sources() with { CommandLine = commandLine.ToDictionary(setting => setting.Name, setting => (string?)setting.Value) });

    private static EdgeSettings LoadEnvironment(Dictionary<string, string> environment) =>
        EdgeSettings.Load(Sources() with { Environment = environment });

    private static ConfigurationSources Sources() => new()
    {
        AppSettingsFile = "/nonexistent",
        EnvironmentPrefix = EdgeSettings.EnvironmentPrefix,
        Environment = new Dictionary<string, string>(),
    };

    private string Write(string name, string content)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, content);
        return path;
    }
}
