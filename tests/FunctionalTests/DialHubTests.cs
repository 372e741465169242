using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Hubs dial their edges, which await them.</summary>
public sealed class DialHubTests : IDisposable
{
    private const string Id = "edge-1";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-dial-");
    private readonly IPAddress _edgeAddress = LoopbackAddresses.Next();
    private readonly IPAddress _target = LoopbackAddresses.Next();
    private readonly int _port = FreePorts.Next();
    private readonly int _dialPort = FreePorts.Next();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task The_hub_dials_its_edge_and_again_after_either_was_killed()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, _target);
        await using var edge = StartEdge(await AddAsync(hub));
        await edge.WaitForPortsAsync([_port], []);
        await AssertCarriesAsync();
        var status = (await edge.StatusAsync())!.Value;
        Assert.Equal("hub", status.GetProperty("dial").GetString());
        Assert.Equal($"port {_dialPort}", status.GetProperty("hub").GetString());
        var seen = (await hub.StatusAsync()).GetProperty("edges").EnumerateArray().Single();
        Assert.Equal($"{_edgeAddress}:{_dialPort}", seen.GetProperty("dialAddress").GetString());
        // The hub sees the port that it dialled.
        Assert.Equal($"{_edgeAddress}:{_dialPort}", seen.GetProperty("remote").GetString());

        await edge.RestartAsync();
        await edge.WaitForPortsAsync([_port], []);
        await AssertCarriesAsync();

        await hub.RestartAsync();
        await Eventually.IsTrueAsync(
            async () => await hub.ConnectedEdgeAsync(Id) is not null, "the edge at the hub that was started again",
            explain: () => hub.Process.Log);
        await edge.WaitForPortsAsync([_port], []);
        await AssertCarriesAsync();
    }

    [Fact]
    public async Task An_edge_that_is_not_there_is_named_with_the_reason_and_found_when_it_comes()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, _target);
        var token = await AddAsync(hub);
        await Eventually.IsTrueAsync(
            async () => (await hub.StatusAsync()).GetProperty("edges").EnumerateArray().Single().TryGetProperty("dialFault", out var fault)
                && fault.GetString() == $"{_edgeAddress}: Connection refused",
            "the reason", explain: () => hub.Process.Log);
        Assert.Contains($"Edge {Id} can't be dialled at {_edgeAddress}:{_dialPort}", hub.Process.Log);
        await using var edge = StartEdge(token);
        await edge.WaitForPortsAsync([_port], []);
        await AssertCarriesAsync();
    }

    [Fact]
    public async Task Whoever_comes_with_another_certificate_is_told_nothing_and_the_hub_gets_in()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, _target);
        var token = await AddAsync(hub);
        hub.Process.Signal(ManagedProcess.SigKill);
        await hub.Process.WaitForExitAsync(TimeSpan.FromSeconds(20));
        await using var edge = StartEdge(token);
        await Eventually.IsTrueAsync(
            () => edge.Process.Log.Contains("The hub is awaited at", StringComparison.Ordinal), "an edge that listens",
            explain: () => edge.Process.Log);

        Assert.Equal(0, await PretendAsync());

        await Eventually.IsTrueAsync(
            () => edge.Process.Log.Contains("came to the hub's port with another certificate", StringComparison.Ordinal),
            "the edge's warning", explain: () => edge.Process.Log);
        // As many silent strangers as there may be, and some more, come from one other address.
        var silent = new List<Socket>();
        try
        {
            for (var i = 0; i < 300; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Parse($"127.9.{i / 100}.7"), 0));
                await socket.ConnectAsync(_edgeAddress, _dialPort).WaitAsync(TimeSpan.FromSeconds(20));
                silent.Add(socket);
            }

            await hub.RestartAsync();
            await edge.WaitForPortsAsync([_port], []);
            await AssertCarriesAsync();
        }
        finally
        {
            silent.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task An_edge_that_is_replaced_hands_on_the_port_at_which_it_awaits_the_hub()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, _target);
        await using var edge = StartEdge(await AddAsync(hub));
        await edge.WaitForPortsAsync([_port], []);
        for (var round = 0; round < 2; round++)
        {
            await using var before = edge.Replace();
            await before.WaitForLineAsync("serves from now on");
            await edge.WaitForPortsAsync([_port], []);
            await AssertCarriesAsync();
            Assert.Equal(0, await before.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        }

        // The hub also finds the last one after it was started again.
        await hub.RestartAsync();
        await Eventually.IsTrueAsync(
            async () => await hub.ConnectedEdgeAsync(Id) is not null, "the edge at the hub that was started again",
            explain: () => hub.Process.Log);
        await edge.WaitForPortsAsync([_port], []);
        await AssertCarriesAsync();
    }

    [Fact]
    public async Task A_hub_that_dials_is_replaced_again_and_again_and_no_client_notices()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, _target);
        await using var edge = StartEdge(await AddAsync(hub));
        await edge.WaitForPortsAsync([_port], []);
        var upstream = new TcpListener(_target, _port);
        upstream.Start(1024);
        await using var clients = SteadyClients.Start(upstream, new IPEndPoint(_edgeAddress, _port), perSecond: 20);
        await clients.WaitForMoreAsync(10);
        for (var round = 0; round < 3; round++)
        {
            await using var before = hub.Replace();
            await before.WaitForLineAsync("serves from now on");
            await clients.WaitForMoreAsync(40);
            Assert.Equal(0, await before.WaitForExitAsync(TimeSpan.FromSeconds(60)));
        }

        Assert.Empty(await clients.FinishAsync());
    }

    [Fact]
    public async Task Whoever_comes_ten_times_with_another_certificate_is_not_spoken_to_for_a_while_and_the_hub_gets_in()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, _target);
        await using var edge = StartEdge(await AddAsync(hub));
        await edge.WaitForPortsAsync([_port], []);
        var stranger = IPAddress.Parse("127.9.0.77");
        for (var i = 0; i < 10; i++)
            Assert.Equal(0, await PretendAsync(stranger));
        await edge.Process.WaitForLineAsync($"{stranger} came too often with another certificate than the hub's: not let in for 60 s");

        // An edge that lets somebody in speaks first, since it is TLS's client.
        Assert.Equal(0, await BytesForAsync(stranger));
        Assert.Equal(1, await CountAsync("blocked"));
        Assert.Equal(10, await CountAsync("wrongCertificate"));
        Assert.NotEqual(0, await BytesForAsync(IPAddress.Parse("127.9.0.78")));

        await hub.RestartAsync();
        await Eventually.IsTrueAsync(
            async () => await hub.ConnectedEdgeAsync(Id) is not null, "the hub that was started again", explain: () => edge.Process.Log);
        await edge.WaitForPortsAsync([_port], []);
        await AssertCarriesAsync();
        Assert.Equal(0, await BytesForAsync(stranger));

        async Task<long> CountAsync(string kind) =>
            (await edge.StatusAsync())!.Value.GetProperty("strangers").GetProperty(kind).GetInt64();

        async Task<int> BytesForAsync(IPAddress source)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(source, 0));
            try
            {
                await socket.ConnectAsync(_edgeAddress, _dialPort).WaitAsync(TimeSpan.FromSeconds(20));
                return await socket.ReceiveAsync(new byte[1024], SocketFlags.None).WaitAsync(TimeSpan.FromSeconds(20));
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
            {
                return 0;
            }
        }
    }

    [Fact]
    public async Task The_port_at_which_the_hub_is_awaited_is_not_bound_for_clients_and_the_reason_is_said()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, _target);
        await using var edge = StartEdge(await AddAsync(hub));
        await edge.WaitForPortsAsync([_port], []);
        var answer = await hub.SendAsync(HttpMethod.Patch, $"api/v1/edges/{Id}", $$"""{"listenPorts": [{{_port}}, {{_dialPort}}]}""");
        Assert.True(answer.IsSuccess, answer.Body);
        var failed = await Eventually.GetAsync(
            async () => (await hub.ConnectedEdgeAsync(Id))?.GetProperty("failedPorts") is { } ports && ports.GetArrayLength() > 0
                ? ports.GetRawText()
                : null,
            "the hub to be told", explain: () => edge.Process.Log);
        Assert.Contains($"\"port\":{_dialPort},", failed.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("protected: this edge awaits its hub at it", failed, StringComparison.Ordinal);
        Assert.Contains("protected: this edge awaits its hub at it", edge.Process.Log, StringComparison.Ordinal);
        await edge.WaitForPortsAsync([_port], []);
        await AssertCarriesAsync();
    }

    [Fact]
    public async Task Only_who_may_dial_is_spoken_to()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, _target);
        await using var edge = StartEdge(await AddAsync(hub), "--dial-allow-cidrs", "127.0.0.1,192.0.2.0/24");
        await edge.WaitForPortsAsync([_port], []);
        await AssertCarriesAsync();
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        stranger.Bind(new IPEndPoint(IPAddress.Parse("127.9.0.9"), 0));
        await stranger.ConnectAsync(_edgeAddress, _dialPort).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(0, (await stranger.DrainAsync()).Bytes);
        Assert.Equal(1, (await edge.StatusAsync())!.Value.GetProperty("strangers").GetProperty("notAllowed").GetInt64());
    }

    [Fact]
    public async Task The_doctor_of_an_edge_that_does_not_let_its_hub_in_says_so()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, _target);
        await using var edge = StartEdge(await AddAsync(hub), "--dial-allow-cidrs", "192.0.2.0/24");
        await Eventually.IsTrueAsync(
            async () => await edge.StatusAsync() is { } status && status.GetProperty("strangers").TryGetProperty("notAllowed", out _),
            "the hub to be refused");
        var doctor = await ManagedProcess.RunAsync(Binaries.Edge, ["doctor", "--admin-socket", edge.AdminSocket]);
        Assert.Equal(1, doctor.ExitCode);
        Assert.Contains("no hub has come; others have: ", doctor.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("put the address that it comes from into dialAllowCidrs", doctor.StandardOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_edge_changes_sides_and_what_fails_is_told_by_event_metric_and_doctor()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, _target);
        await hub.AddEdgeAsync(Id, [_port], []);
        await using var events = ManagedProcess.Start(
            "events", Binaries.Hub, ["events", "--admin-socket", hub.AdminSocket, "--types", "edgeDialFailed"]);
        // The command is there once the hub knows its reader.
        await Eventually.IsTrueAsync(
            async () =>
            {
                var other = FreePorts.Next();
                (await hub.RunAsync("edge", "set", Id, "--dial", $"{_edgeAddress}:{other}")).Succeeded();
                await Task.Yield();
                return events.StandardOutput.Contains("edgeDialFailed", StringComparison.Ordinal);
            },
            "the event", explain: () => hub.Process.Log);
        var set = (await hub.RunAsync("edge", "set", Id, "--dial", $"{_edgeAddress}:{_dialPort}")).Succeeded();
        Assert.Contains($"tunnel-hub edge token {Id}", set.StandardError);
        var doctor = await hub.RunAsync("doctor");
        Assert.NotEqual(0, doctor.ExitCode);
        Assert.Contains($"{Id} at {_edgeAddress}:{_dialPort}: {_edgeAddress}: Connection refused", doctor.StandardOutput);
        await Eventually.IsTrueAsync(
            async () => (await hub.SendAsync(HttpMethod.Get, "metrics")).Body is var metrics
                && metrics.Split('\n').Any(line => line.StartsWith("tunnel_edge_dials_total{", StringComparison.Ordinal)
                    && line.Contains("result=\"failed\"", StringComparison.Ordinal) && !line.EndsWith(" 0", StringComparison.Ordinal)),
            "the metric");

        var token = KnownSecrets.Add((await hub.RunAsync("edge", "token", Id)).Succeeded().StandardOutput.Trim());
        Assert.True(ConnectionToken.TryDecode(token, out var read, out _));
        Assert.True(read.HubDials);
        await using var edge = StartEdge(token);
        await edge.WaitForPortsAsync([_port], []);
        var atEdge = await ManagedProcess.RunAsync(Binaries.Edge, ["doctor", "--admin-socket", edge.AdminSocket]);
        Assert.Contains("the running edge has bound 1", atEdge.StandardOutput, StringComparison.Ordinal);
        var asked = await hub.RunAsync("doctor", "--edge", Id);
        Assert.Contains($"{Id} at {_edgeAddress}:{_dialPort} answers with TLS", asked.StandardOutput);
    }

    [Fact]
    public async Task An_edge_that_says_another_id_than_the_dialled_one_is_refused()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, _target);
        var other = KnownSecrets.Add(
            (await hub.RunAsync("edge", "add", "edge-2", "--tcp", $"{FreePorts.Next()}", "--dial", $"{_edgeAddress}:{FreePorts.Next()}"))
                .Succeeded().StandardOutput.Trim());
        Assert.True(ConnectionToken.TryDecode(other, out var token, out _));
        await AddAsync(hub);
        await using var edge = StartEdge((token with { Port = _dialPort }).Encode());
        await Eventually.IsTrueAsync(
            () => hub.Process.Log.Contains($"it says edge-2, and {Id} was dialled", StringComparison.Ordinal), "the refusal",
            explain: () => hub.Process.Log);
        Assert.Null(await hub.ConnectedEdgeAsync("edge-2"));
    }

    [Fact]
    public async Task What_does_not_go_with_a_hub_that_dials_is_an_error_on_both_sides()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, _target);
        var refused = await hub.RunAsync(
            "edge", "add", Id, "--tcp", $"{_port}", "--dial", $"{_edgeAddress}:{_dialPort}", "--transport", "quicWithFallback");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("where the hub dials there is only tcpTls", refused.StandardError);

        var text = await AddAsync(hub);
        Assert.Contains(
            "transport quicWithFallback: the hub dials this edge, over TLS only",
            await RefusedAsync(text, "TRANSPORT", "quicWithFallback"));
        // Strangers at the edge's port would be told the secret.
        Assert.Contains("any stranger at its port would be told the secret", await RefusedAsync(text, "INSECURESKIPVERIFY", "true"));
        Assert.True(ConnectionToken.TryDecode(text, out var token, out _));
        Assert.Contains("pins: the hub dials this edge", await RefusedAsync((token with { Pins = [] }).Encode(), "TRANSPORT", "tcpTls"));
    }

    private async Task<string> RefusedAsync(string token, string setting, string value)
    {
        var result = await ManagedProcess.RunAsync(
            Binaries.Edge,
            [
                "run", "--token", token, "--state-dir", Path.Combine(_directory.FullName, "edge"), "--admin-socket",
                Path.Combine(_directory.FullName, "edge.sock")],
            environment: new Dictionary<string, string> { [$"TUNNEL_EDGE__{setting}"] = value });
        Assert.NotEqual(0, result.ExitCode);
        return result.StandardError + result.StandardOutput;
    }

    /// <summary>Answers as a hub would, with another certificate; returns how many bytes came after TLS.</summary>
    private async Task<int> PretendAsync(IPAddress? source = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=hub", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var client = new TcpClient(new IPEndPoint(source ?? IPAddress.Loopback, 0));
        await client.ConnectAsync(_edgeAddress, _dialPort);
        await using var tls = new SslStream(client.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificate = certificate,
                    ApplicationProtocols = [new SslApplicationProtocol("tunnel/1")],
                });
            return await tls.ReadAsync(new byte[1024]).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        }
        catch (Exception error) when (error is IOException or System.Security.Authentication.AuthenticationException)
        {
            return 0;
        }
    }

    private async Task<string> AddAsync(HubProcess hub)
    {
        var token = await hub.AddDialledEdgeAsync(Id, _port, $"{_edgeAddress}:{_dialPort}");
        Assert.True(ConnectionToken.TryDecode(token, out var read, out _));
        Assert.True(read.HubDials);
        return token;
    }

    private EdgeProcess StartEdge(string token, params string[] more) => EdgeProcess.Start(_directory.FullName, token, _edgeAddress, more);

    private async Task AssertCarriesAsync()
    {
        using var upstream = new TcpListener(_target, _port);
        upstream.Start();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(_edgeAddress, _port).WaitAsync(TimeSpan.FromSeconds(30));
        var server = await upstream.AcceptSocketAsync().WaitAsync(TimeSpan.FromSeconds(30));
        using var pair = new StreamPair(client, server);
        await pair.AssertEchoAsync();
    }
}
