using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Configuration;

namespace Tunnel.Shared.UnitTests.Configuration;

public sealed class LayeredConfigurationTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-configuration-");

    private enum Mode
    {
        TcpTls,
        Quic,
    }

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Each_layer_overrides_those_below()
    {
        var configuration = Load(
            appSettings: """{"a":"1","b":"1","c":"1","d":"1"}""",
            file: """{"b":"2","c":"2","d":"2"}""",
            environment: new() { ["TUNNEL_HUB__C"] = "3", ["TUNNEL_HUB__D"] = "3", ["UNRELATED"] = "9" },
            commandLine: new() { ["d"] = "4", ["a"] = null });

        Assert.Equal(["1", "2", "3", "4"], new[] { "a", "b", "c", "d" }.Select(name => configuration.Text(name)));
        configuration.Finish();
    }

    [Fact]
    public void Reads_every_type()
    {
        var configuration = Load(
            file: """
                { "port": 8443, "address": "::", "host": "hub.example.com", "seconds": 2.5, "flag": true, "mode": "tcpTls", "level": "info",
                  "tls": { "certPem": "/x/cert.pem" }, /* a comment */ "edges": [ { "id": "a" }, ] }
                """);

        Assert.Equal(8443, configuration.Port("port", 1));
        Assert.Equal(IPAddress.IPv6Any, configuration.Address("address", IPAddress.Any));
        Assert.Equal("hub.example.com", configuration.Host("host"));
        Assert.Equal(TimeSpan.FromSeconds(2.5), configuration.Duration("seconds", TimeSpan.Zero, 0, 10));
        Assert.True(configuration.Boolean("flag", false));
        Assert.Equal(Mode.TcpTls, configuration.Enum("mode", Mode.Quic));
        Assert.Equal(LogLevel.Information, configuration.LogLevel("level", LogLevel.None));
        Assert.Equal("/x/cert.pem", configuration.FilePath("tls.certPem"));
        Assert.Equal("a", configuration.FindJson("edges")!.Value[0].GetProperty("id").GetString());
        configuration.Finish();
    }

    [Fact]
    public void A_missing_setting_has_its_default()
    {
        var configuration = Load();

        Assert.Equal(8443, configuration.Port("tunnelPort", 8443));
        Assert.Null(configuration.Text("targetHost"));
        Assert.Null(configuration.FindJson("edges"));
        configuration.Finish();
    }

    [Fact]
    public void Reports_all_errors_at_once_with_setting_value_source_and_what_is_valid()
    {
        var configuration = Load(
            file: """{ "bindAddress": "nowhere", "tunelPort": 1 }""",
            environment: new() { ["TUNNEL_HUB__MODE"] = "udp" },
            commandLine: new() { ["tunnelPort"] = "70000" });
        configuration.Port("tunnelPort", 8443);
        configuration.Address("bindAddress", IPAddress.Any);
        configuration.Enum("mode", Mode.TcpTls);

        var errors = Assert.Throws<ConfigurationException>(configuration.Finish).Errors.Select(error => error.ToString()).ToArray();

        Assert.Equal(
            [
                "tunnelPort = \"70000\" (--tunnel-port): must be a port from 1 to 65535",
                $"bindAddress = \"nowhere\" ({ConfigFile}): must be an IPv4 or IPv6 address such as 0.0.0.0, ::, 192.0.2.1 or 2001:db8::1",
                "mode = \"udp\" (TUNNEL_HUB__MODE): must be one of tcpTls, quic",
                $"tunelPort ({ConfigFile}): no such setting; did you mean tunnelPort?",
            ],
            errors);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("65536")]
    [InlineData("80 ")]
    [InlineData("0x50")]
    [InlineData("99999999999999999999")]
    public void Refuses_what_is_no_port(string value)
    {
        var configuration = Load(commandLine: new() { ["port"] = value });

        Assert.Equal(7, configuration.Port("port", 7));
        Assert.Equal(value, Assert.Single(configuration.Errors).Value);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("127.1")]
    [InlineData("010.0.0.1")]
    [InlineData("10.0.0.0x1")]
    [InlineData("example.com")]
    [InlineData("")]
    public void Refuses_what_is_no_address(string value)
    {
        var configuration = Load(commandLine: new() { ["address"] = value });

        configuration.Address("address", IPAddress.Any);
        Assert.Single(configuration.Errors);
    }

    [Fact]
    public void Never_shows_a_secret()
    {
        var configuration = Load(environment: new() { ["TUNNEL_HUB__TOKEN"] = "", ["TUNNEL_HUB__TOKN"] = "hunter2-hunter2" });
        configuration.Secret("token");

        var error = Assert.Throws<ConfigurationException>(configuration.Finish);

        Assert.Contains("token = ***", error.Message);
        Assert.Contains("did you mean token?", error.Message);
        Assert.DoesNotContain("hunter2", error.Message);
    }

    [Fact]
    public void Names_the_line_of_malformed_json_and_not_its_content()
    {
        var configuration = Load(file: "{\n  \"a\": 1,\n  \"secret\": hunter2\n}");

        var error = Assert.Throws<ConfigurationException>(configuration.Finish);

        Assert.Contains($"{ConfigFile}: is not valid JSON at line 3", error.Message);
        Assert.DoesNotContain("hunter2", error.Message);
    }

    [Fact]
    public void Names_a_file_that_does_not_exist()
    {
        var missing = Path.Combine(_directory.FullName, "missing.json");
        var configuration = LayeredConfiguration.Load(Sources() with { File = missing });

        Assert.Contains($"{missing}: the file does not exist", Assert.Throws<ConfigurationException>(configuration.Finish).Message);
    }

    [Fact]
    public void The_default_file_is_optional_and_a_named_one_replaces_it()
    {
        var usual = Path.Combine(_directory.FullName, "usual.json");
        Assert.Empty(LayeredConfiguration.Load(Sources() with { DefaultFile = usual }).Errors);

        File.WriteAllText(usual, """{"a":"usual"}""");
        File.WriteAllText(ConfigFile, """{"b":"named"}""");
        Assert.Equal("usual", LayeredConfiguration.Load(Sources() with { DefaultFile = usual }).Text("a"));
        Assert.Null(LayeredConfiguration.Load(Sources() with { DefaultFile = usual, File = ConfigFile }).Text("a"));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("1")]
    [InlineData("")]
    public void Refuses_a_file_that_is_no_object(string content) => Assert.Single(Load(file: content).Errors);

    [Theory]
    [InlineData("""{"targetHost":"a","targethost":"b"}""", "targethost", "line 1, byte 19")]
    [InlineData("{\"limits\": {\"edges\": 1},\n \"limits\": {\"streams\": 1}}", "limits", "line 2, byte 2")]
    [InlineData("{\"edges\": [{},\n{\"id\":\"a\",\n\"id\":\"b\"}]}", "edges[1].id", "line 3, byte 1")]
    public void A_setting_given_twice_is_an_error_with_its_place(string file, string name, string place)
    {
        var error = Assert.Single(Load(file: file).Errors);
        Assert.Equal((name, ConfigFile), (error.Setting, error.Source));
        Assert.Contains($"is given twice; keep one of the two, at {place}", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Malformed_json_in_the_environment_is_an_error_without_its_text()
    {
        var configuration = Load(environment: new() { ["TUNNEL_HUB__EDGES"] = "[{hunter2" });

        Assert.Null(configuration.FindJson("edges"));
        Assert.DoesNotContain("hunter2", Assert.Single(configuration.Errors).ToString());
    }

    private string ConfigFile => Path.Combine(_directory.FullName, "hub.json");

    private LayeredConfiguration Load(
        string? appSettings = null, string? file = null, Dictionary<string, string>? environment = null, Dictionary<string,
        string?>? commandLine = null)
    {
        var sources = Sources();
        if (appSettings is not null)
        {
            File.WriteAllText(sources.AppSettingsFile, appSettings);
        }

        if (file is not null)
        {
            File.WriteAllText(ConfigFile, file);
        }

        return LayeredConfiguration.Load(sources with
        {
            File = file is null ? null : ConfigFile,
            Environment = environment ?? [],
            CommandLine = commandLine ?? [],
        });
    }

    private ConfigurationSources Sources() => new()
    {
        AppSettingsFile = Path.Combine(_directory.FullName, "appsettings.json"),
        EnvironmentPrefix = "TUNNEL_HUB__",
        Environment = new Dictionary<string, string>(),
    };
}
