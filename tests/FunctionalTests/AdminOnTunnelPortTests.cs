using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>One TLS port serves tunnels and, with the key, the admin API.</summary>
public sealed class AdminOnTunnelPortTests : IAsyncLifetime
{
    private TunnelSetup _setup = null!;
    private TcpListener _upstream = null!;
    private string _key = "";

    private string Url => $"https://127.0.0.1:{_setup.Hub.TunnelPort}";

    public async ValueTask InitializeAsync()
    {
        _setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader, hubSettings: new JsonObject
        {
            ["adminOnTunnelPort"] = true,
            ["adminAllowCidrs"] = new JsonArray("127.0.0.1", "127.7.0.0/16"),
            ["limits"] = new JsonObject { ["authTimeout"] = 3, ["perAddress"] = 8 },
        });
        _upstream = _setup.Listen(_setup.Tcp[0]);
        _key = (await _setup.Hub.RunAsync("admin-key")).Succeeded().StandardOutput.Trim();
    }

    public async ValueTask DisposeAsync()
    {
        await using (_setup)
        {
            await _setup.AssertCarriesAsync(_upstream, _setup.Tcp[0]);
            Assert.DoesNotContain(_key, _setup.Hub.Process.Log, StringComparison.Ordinal);
            _upstream.Dispose();
        }
    }

    [Theory]
    [InlineData("--http2", "2")]
    [InlineData("--http1.1", "1.1")]
    public async Task Curl_reaches_the_API_with_the_key(string option, string version)
    {
        var status = await Curl.RunAsync($"{Url}/api/v1/status", _key, option);
        Assert.Equal((200, version, "application/json"), (status.Status, status.Version, status.ContentType));
        Assert.Equal(TunnelSetup.EdgeId, status.Json.GetProperty("connectedEdges")[0].GetProperty("edgeId").GetString());

        var body = """[{"id":"edge-1","listenPorts":[70000],"listenPort":1}]""";
        var refused = await Curl.RunAsync(
            $"{Url}/api/v1/edges", _key, option, "-X", "PUT", "-H", "Content-Type: application/json", "-d", body);
        Assert.Equal((400, "application/problem+json"), (refused.Status, refused.ContentType));
        Assert.Equal(2, refused.Json.GetProperty("errors").GetArrayLength());
    }

    [Theory]
    [InlineData("--http2")]
    [InlineData("--http1.1")]
    public async Task Large_bodies_pass_and_too_large_ones_are_told_so(string option)
    {
        var file = Path.Combine(_setup.Directory, "body.json");
        await File.WriteAllTextAsync(file, "[]" + new string(' ', (3 << 20) - 2));
        string[] upload = [option, "-X", "PUT", "-H", "Content-Type: application/json", "-H", "Expect:", "--data-binary", $"@{file}"];
        var taken = await Curl.RunAsync($"{Url}/api/v1/edges?dryRun=true", _key, upload);
        Assert.Equal((200, ""), (taken.Status, taken.Error));

        await File.WriteAllTextAsync(file, "[]" + new string(' ', 17 << 20));
        var tooLarge = await Curl.RunAsync($"{Url}/api/v1/edges?dryRun=true", _key, upload);
        Assert.Equal((413, "application/problem+json"), (tooLarge.Status, tooLarge.ContentType));
    }

    [Fact]
    public async Task The_API_describes_itself()
    {
        var document = await Curl.RunAsync($"{Url}/openapi/v1.json", _key);
        Assert.Equal((200, "application/json"), (document.Status, document.ContentType.Split(';')[0]));
        Assert.Equal(
            "listEdges",
            document.Json.GetProperty("paths").GetProperty("/api/v1/edges").GetProperty("get").GetProperty("operationId").GetString());
        Assert.True(document.Json.GetProperty("components").GetProperty("schemas").TryGetProperty("EdgeDefinition", out _));
    }

    [Fact]
    public async Task Without_the_key_nothing_is_told_but_that_the_hub_lives()
    {
        var silent = await Curl.RunAsync($"{Url}/api/v1/status");
        Assert.Equal((401, "application/problem+json"), (silent.Status, silent.ContentType));
        Assert.Equal(401, (await Curl.RunAsync($"{Url}/openapi/v1.json")).Status);
        Assert.Equal(401, (await Curl.RunAsync($"{Url}/no/such/thing")).Status);
        Assert.Equal(401, (await Curl.RunAsync($"{Url}/api/v1/edges", null, "-X", "PATCH")).Status);
        Assert.Equal(200, (await Curl.RunAsync($"{Url}/healthz")).Status);

        // The key is for the owner of the socket.
        Assert.Equal(403, (await Curl.RunAsync($"{Url}/api/v1/admin-key", _key)).Status);
    }

    [Fact]
    public async Task The_read_only_key_looks_and_does_not_change()
    {
        var key = (await _setup.Hub.RunAsync("admin-key", "--read-only")).Succeeded().StandardOutput.Trim();
        Assert.NotEqual(_key, key);
        Assert.Equal(200, (await Curl.RunAsync($"{Url}/metrics", key)).Status);
        var head = await Curl.RunAsync($"{Url}/api/v1/status", key, "-I");
        Assert.Equal((200, 0), (head.Status, head.ExitCode));
        var refused = await Curl.RunAsync($"{Url}/api/v1/edges", key, "-X", "PUT", "-H", "Content-Type: application/json", "-d", "[]");
        Assert.Equal(403, refused.Status);
        Assert.Contains("may look and not change", refused.Json.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Commands_reach_it_from_afar_with_a_certificate_that_was_checked()
    {
        var file = Path.Combine(_setup.Directory, "key");
        await File.WriteAllTextAsync(file, (await _setup.Hub.RunAsync("admin-key", "--read-only")).Succeeded().StandardOutput);
        var pin = (await _setup.Hub.StatusAsync()).GetProperty("certificatePin").GetString()!;
        var authority = Path.Combine(_setup.Hub.StateDirectory, "hub-certificate.pem");

        Assert.Contains(TunnelSetup.EdgeId, (await RunAsync("status", "--pin", pin)).Succeeded().StandardOutput);
        Assert.Contains(TunnelSetup.EdgeId, (await RunAsync("edge", "list", "--ca-file", authority)).Succeeded().StandardOutput);

        var wrong = await RunAsync("status", "--pin", new string('A', 43));
        Assert.Equal((1, ""), (wrong.ExitCode, wrong.StandardOutput));
        Assert.Contains($"its certificate has the pin {pin}, and not the one of --pin", wrong.StandardError);
        var unknown = await RunAsync("status");
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains($"is not trusted here", unknown.StandardError);
        var refused = await RunAsync("edge", "disable", TunnelSetup.EdgeId, "--pin", pin);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("may look and not change", refused.StandardError);

        Task<ProgramResult> RunAsync(params string[] arguments) =>
            ManagedProcess.RunAsync(Binaries.Hub, [.. arguments, "--url", Url, "--key-file", file]);
    }

    [Fact]
    public async Task Wrong_keys_are_limited_and_the_right_one_always_passes()
    {
        for (var count = 0; count < 10; count++)
            Assert.Equal(401, (await Curl.RunAsync($"{Url}/api/v1/status", "wrong-" + count)).Status);
        var blocked = await Curl.RunAsync($"{Url}/api/v1/status", "wrong again", "-D", "-");
        Assert.Equal(429, blocked.Status);
        Assert.Contains("retry-after: 60", blocked.Body, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(200, (await Curl.RunAsync($"{Url}/api/v1/status", _key)).Status);
        Assert.Equal(401, (await Curl.RunAsync($"{Url}/api/v1/status", "wrong-wrong-wrong")).Status);
        Assert.DoesNotContain("wrong-wrong-wrong", _setup.Hub.Process.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_is_not_allowed_is_not_offered_HTTP_at_all()
    {
        Assert.Equal(200, (await Curl.RunAsync($"{Url}/healthz", null, "--interface", "127.7.1.1")).Status);
        var refused = await Curl.RunAsync($"{Url}/healthz", _key, "--interface", "127.8.1.1");
        Assert.Equal((0, 35), (refused.Status, refused.ExitCode));
    }

    [Fact]
    public async Task A_rotated_key_ends_the_old_one_at_once_and_is_kept()
    {
        var next = (await _setup.Hub.RunAsync("admin-key", "--rotate")).Succeeded().StandardOutput.Trim();
        Assert.NotEqual(_key, next);
        Assert.Equal(401, (await Curl.RunAsync($"{Url}/api/v1/status", _key)).Status);
        Assert.Equal(200, (await Curl.RunAsync($"{Url}/api/v1/status", next)).Status);
        var file = Path.Combine(_setup.Hub.StateDirectory, "admin-key");
        Assert.Equal(next, (await File.ReadAllTextAsync(file)).Trim());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public async Task A_client_that_offers_both_gets_a_tunnel()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_setup.Hub.EndPoint);
        await using var tls = new SslStream(new NetworkStream(socket));
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "hub",
            ApplicationProtocols = [SslApplicationProtocol.Http11, SslApplicationProtocol.Http2, new("tunnel/1")],
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        });
        Assert.Equal("tunnel/1", tls.NegotiatedApplicationProtocol.ToString());
    }

    [Theory]
    [InlineData("h2")]
    [InlineData("http/1.1")]
    public async Task Silence_is_ended_by_the_time_limit_and_strangers_stay_few(string protocol)
    {
        var connections = new List<SslStream>();
        for (var count = 0; count < 9; count++)
            connections.Add(await ConnectHttpAsync(protocol));

        // One address may have 8 of them; beyond that the oldest gives way at once, and the others end when their time is up.
        foreach (var connection in connections)
        {
            await ReadToEndAsync(connection).WaitAsync(TimeSpan.FromSeconds(30));
            await connection.DisposeAsync();
        }

        await Eventually.IsTrueAsync(
            async () => (await _setup.Hub.StatusAsync()).GetProperty("strangers").GetInt32() == 0, "the strangers' end",
            explain: () => _setup.Hub.Process.Log);
    }

    [Fact]
    public async Task A_connection_that_has_shown_the_key_outlives_the_time_limit()
    {
        var opened = 0;
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                opened++;
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
            MaxConnectionsPerServer = 1,
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        })
        {
            // A client of HTTP 1.1 only would offer no protocol, and be taken for a tunnel.
            DefaultRequestVersion = HttpVersion.Version20,
        };
        http.DefaultRequestHeaders.Authorization = new("Bearer", _key);
        await http.GetStringAsync($"{Url}/api/v1/status");

        // The strangers that came after it have reached their limit, as it would have done if it counted as one of them.
        await using var silent = await ConnectHttpAsync("http/1.1");
        await ReadToEndAsync(silent).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, opened);
        Assert.True((await http.GetAsync($"{Url}/api/v1/status")).IsSuccessStatusCode);
        Assert.Equal(1, opened);
    }

    [Fact]
    public async Task A_tunnel_carries_while_the_API_is_used_on_its_port()
    {
        using var pair = await _setup.OpenAsync(_upstream, _setup.Tcp[0]);
        var asking = Task.WhenAll(Enumerable.Range(0, 4).Select(async index =>
        {
            for (var count = 0; count < 10; count++)
                Assert.Equal(200, (await Curl.RunAsync($"{Url}/api/v1/status", _key, index % 2 == 0 ? "--http2" : "--http1.1")).Status);
        }));
        while (!asking.IsCompleted)
            await pair.AssertEchoAsync();
        await asking;
        await pair.AssertEchoAsync();
    }

    private async Task<SslStream> ConnectHttpAsync(string protocol)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_setup.Hub.EndPoint);
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "hub",
            ApplicationProtocols = [new(protocol)],
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        });
        return tls;
    }

    private static async Task ReadToEndAsync(SslStream stream)
    {
        try
        {
            await stream.CopyToAsync(Stream.Null);
        }
        catch (IOException)
        {
            // A reset is an end, too.
        }
    }
}
