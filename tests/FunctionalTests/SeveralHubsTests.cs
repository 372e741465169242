using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>
/// One edge has three hubs that share nothing but its secret: each may be killed, stopped or behind, and clients go to the others.
/// </summary>
public sealed class SeveralHubsTests : IAsyncLifetime
{
    private const string EdgeId = "edge-1";
    private const string Secret = "a-secret-that-all-hubs-know";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-functional-");
    private readonly IPAddress _edgeAddress = LoopbackAddresses.Next();
    private readonly IPAddress _target = LoopbackAddresses.Next();
    private List<HubProcess> _hubs = [];
    private readonly int[] _ports = FreePorts.Next(2);
    private readonly int _udpPort = FreePorts.Next();
    private string _token = "";
    private EdgeProcess _edge = null!;
    private TcpListener _upstream = null!;

    public async ValueTask InitializeAsync()
    {
        var tokens = new List<ConnectionToken>();
        foreach (var name in (string[])["one", "two", "three"])
        {
            // The last one's token names the others, which have other certificates.
            var others = tokens.Select(token => (JsonNode)$"{token.Host}:{token.Port}#{token.Pins[0]}").ToArray();
            var hub = await HubProcess.StartAsync(
                Directory.CreateDirectory(Path.Combine(_directory.FullName, name)).FullName, _target,
                new JsonObject { ["hubs"] = new JsonArray(others) });
            _hubs.Add(hub);
            var added = await hub.RunAsync(
                "edge", "add", EdgeId, "--host", hub.EndPoint.ToString(), "--tcp", $"{_ports[0]}", "--udp", $"{_udpPort}", "--proxy",
                "off", "--secret", Secret);
            Assert.True(ConnectionToken.TryDecode(added.Succeeded().StandardOutput.Trim(), out var token, out var error), error);
            tokens.Add(token);
        }

        _hubs = [_hubs[2], _hubs[0], _hubs[1]];
        _upstream = new TcpListener(_target, _ports[0]);
        _upstream.Start();
        _token = tokens[2].Encode();
        await StartEdgeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _edge.DisposeAsync();
        foreach (var hub in _hubs)
            await hub.DisposeAsync();
        _upstream.Stop();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Clients_are_spread_and_a_killed_hub_takes_only_its_own()
    {
        List<(StreamPair Pair, int Hub)> open = [];
        for (var i = 0; i < 6; i++)
            open.Add(await OpenAtAsync());
        Assert.Equal([0, 1, 2], open.Select(client => client.Hub).Distinct().Order());

        _hubs[0].Process.Signal(ManagedProcess.SigKill);
        await WaitForHubsAsync(hub => hub.GetProperty("connected").GetBoolean(), 2, "two connected hubs");
        for (var i = 0; i < 4; i++)
            open.Add(await OpenAtAsync());
        Assert.All(open.Skip(6), client => Assert.NotEqual(0, client.Hub));
        foreach (var (pair, _) in open.Where(client => client.Hub != 0))
            await pair.AssertEchoAsync();

        _hubs[1].Process.Signal(ManagedProcess.SigKill);
        await WaitForHubsAsync(hub => hub.GetProperty("connected").GetBoolean(), 1, "one connected hub");
        open.Add(await OpenAtAsync());
        Assert.Equal(2, open[^1].Hub);

        await _hubs[0].RestartAsync();
        await WaitForHubsAsync(hub => hub.GetProperty("connected").GetBoolean(), 2, "the first hub to be back");
        await Eventually.IsTrueAsync(
            async () =>
            {
                open.Add(await OpenAtAsync());
                return open[^1].Hub == 0;
            },
            "a client at the first hub");
        open.ForEach(client => client.Pair.Dispose());
    }

    [Fact]
    public async Task In_the_order_of_preference_the_first_hub_that_answers_gets_all_clients()
    {
        await _edge.DisposeAsync();
        await StartEdgeAsync("--prefer", "order");
        await WaitForAllAtAsync(0);

        _hubs[0].Process.Signal(ManagedProcess.SigKill);
        await WaitForHubsAsync(hub => hub.GetProperty("connected").GetBoolean(), 2, "two connected hubs");
        await WaitForAllAtAsync(1);

        _hubs[1].Process.Signal(ManagedProcess.SigKill);
        await WaitForHubsAsync(hub => hub.GetProperty("connected").GetBoolean(), 1, "one connected hub");
        await WaitForAllAtAsync(2);

        await _hubs[0].RestartAsync();
        await WaitForHubsAsync(hub => hub.GetProperty("connected").GetBoolean(), 2, "the first hub to be back");
        await WaitForAllAtAsync(0);
    }

    [Fact]
    public async Task A_hub_that_is_stopped_gets_no_new_clients_until_it_goes_on()
    {
        _hubs[0].Process.Signal(ManagedProcess.SigStop);
        await WaitForHubsAsync(hub => hub.GetProperty("silent").GetBoolean(), 1, "a silent hub");
        for (var i = 0; i < 6; i++)
            (await OpenAsync()).Dispose();
        Assert.Contains("does not answer", await StatusTextAsync(), StringComparison.Ordinal);

        _hubs[0].Process.Signal(ManagedProcess.SigCont);
        await WaitForHubsAsync(Answers, 3, "all hubs to answer");
    }

    [Fact]
    public async Task Over_QUIC_one_hub_of_three_is_killed_and_one_stopped_and_the_last_serves()
    {
        QuicRequired.Check();
        await _edge.DisposeAsync();
        await StartEdgeAsync("--transport", "quic");
        Assert.All(await HubsAsync(), hub => Assert.Equal("quic", hub.GetProperty("transport").GetString()));
        List<(StreamPair Pair, int Hub)> open = [];
        for (var i = 0; i < 6; i++)
            open.Add(await OpenAtAsync());
        Assert.Equal([0, 1, 2], open.Select(client => client.Hub).Distinct().Order());

        _hubs[0].Process.Signal(ManagedProcess.SigKill);
        _hubs[1].Process.Signal(ManagedProcess.SigStop);
        await WaitForHubsAsync(Answers, 1, "one hub that answers");
        for (var i = 0; i < 6; i++)
            open.Add(await OpenAtAsync());
        Assert.All(open.Skip(6), client => Assert.Equal(2, client.Hub));
        foreach (var (pair, _) in open.Where(client => client.Hub == 2))
            await pair.AssertEchoAsync();

        // What is open at the hub that stood still goes on with it.
        _hubs[1].Process.Signal(ManagedProcess.SigCont);
        await WaitForHubsAsync(Answers, 2, "the stopped hub to be back");
        foreach (var (pair, _) in open.Where(client => client.Hub != 0))
            await pair.AssertEchoAsync();
        await _hubs[0].RestartAsync();
        await WaitForHubsAsync(Answers, 3, "the killed hub to be back");
        open.ForEach(client => client.Pair.Dispose());
    }

    [Theory]
    [InlineData("tcpTls", ManagedProcess.SigKill)]
    [InlineData("tcpTls", ManagedProcess.SigStop)]
    [InlineData("quic", ManagedProcess.SigKill)]
    [InlineData("quic", ManagedProcess.SigStop)]
    public async Task A_UDP_session_moves_from_a_hub_that_is_gone_or_stands_still(string transport, int signal)
    {
        QuicRequired.CheckFor(transport);
        await _edge.DisposeAsync();
        await StartEdgeAsync("--transport", transport);
        using var upstream = new UdpClient(new IPEndPoint(_target, _udpPort));
        using var client = new UdpClient(_edgeAddress.AddressFamily);
        client.Connect(_edgeAddress, _udpPort);
        var before = await ExchangeAsync();
        var hub = Array.FindIndex(await HubsAsync(), hub => hub.GetProperty("activeSessions").GetInt32() > 0);
        Assert.Equal(before, await ExchangeAsync());

        // Each hub sends to the upstream from a socket of its own.
        _hubs[hub].Process.Signal(signal);
        Assert.NotEqual(before, await ExchangeAsync());
        Assert.False(Answers((await HubsAsync())[hub]));

        // Datagrams may be lost on the way to the other hub, as ever with UDP.
        async Task<IPEndPoint> ExchangeAsync()
        {
            var message = Guid.NewGuid().ToByteArray();
            return await Eventually.GetAsync(
                async () =>
                {
                    using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
                    try
                    {
                        await client.SendAsync(message, patience.Token);
                        var asked = await upstream.ReceiveAsync(patience.Token);
                        await upstream.SendAsync(asked.Buffer, asked.RemoteEndPoint, patience.Token);
                        return (await client.ReceiveAsync(patience.Token)).Buffer.SequenceEqual(message) ? asked.RemoteEndPoint : null;
                    }
                    catch (OperationCanceledException)
                    {
                        return null;
                    }
                },
                "a datagram there and back", explain: () => _edge.Process.Log);
        }
    }

    [Fact]
    public async Task The_hub_that_was_changed_last_decides_and_those_behind_it_are_told_apart()
    {
        var older = Directory.CreateDirectory(Path.Combine(_directory.FullName, "older")).FullName;
        File.Copy(Path.Combine(_hubs[1].StateDirectory, "edges.json"), Path.Combine(older, "edges.json"));

        await _hubs[1].PutEdgeAsync(EdgeId, _ports, [], new JsonObject { ["default"] = new JsonObject { ["proxyProtocol"] = "off" } });
        await _edge.WaitForPortsAsync(_ports, []);
        await WaitForHubsAsync(hub => hub.GetProperty("outdated").GetBoolean(), 2, "two hubs that are behind");
        var text = await StatusTextAsync();
        Assert.Contains("older than that in force", text, StringComparison.Ordinal);
        Assert.Contains($"{_hubs[0].EndPoint} and {_hubs[1].EndPoint} run on one machine", text, StringComparison.Ordinal);
        using var second = new TcpListener(_target, _ports[1]);
        second.Start();
        for (var i = 0; i < 3; i++)
            (await OpenAsync(second, _ports[1])).Dispose();

        // The hub comes back with the state of before the change.
        _hubs[1].Process.Signal(ManagedProcess.SigKill);
        File.Copy(Path.Combine(older, "edges.json"), Path.Combine(_hubs[1].StateDirectory, "edges.json"), overwrite: true);
        await _hubs[0].PutEdgeAsync(EdgeId, _ports, [], new JsonObject { ["default"] = new JsonObject { ["proxyProtocol"] = "off" } });
        await _hubs[1].RestartAsync();
        await WaitForHubsAsync(hub => hub.GetProperty("connected").GetBoolean(), 3, "three connected hubs");
        await _edge.WaitForPortsAsync(_ports, []);
        await WaitForHubsAsync(hub => hub.GetProperty("outdated").GetBoolean(), 2, "two hubs that are behind");
        Assert.False((await HubsAsync())[0].GetProperty("outdated").GetBoolean());
        (await OpenAsync(second, _ports[1])).Dispose();
    }

    [Fact]
    public async Task A_change_of_another_edge_does_not_make_an_older_configuration_count()
    {
        await _hubs[1].PutEdgeAsync(EdgeId, _ports, [], new JsonObject { ["default"] = new JsonObject { ["proxyProtocol"] = "off" } });
        await _edge.WaitForPortsAsync(_ports, []);
        await _hubs[0].AddEdgeAsync("another", [80], []);

        // The edge hears of the hub's state with its new tunnel, and has chosen once it has answered there.
        await _hubs[0].RestartAsync();
        await Eventually.IsTrueAsync(
            async () => await _hubs[0].ConnectedEdgeAsync(EdgeId) is { } edge
                && edge.TryGetProperty("appliedRev", out var applied) && applied.ValueKind == JsonValueKind.Number,
            "the edge's answer to the first hub", explain: () => _edge.Process.Log);
        await _edge.WaitForPortsAsync(_ports, []);
        await WaitForHubsAsync(hub => hub.GetProperty("outdated").GetBoolean(), 2, "two hubs that are behind");
        Assert.True((await HubsAsync())[0].GetProperty("outdated").GetBoolean());
    }

    [Fact]
    public async Task The_doctor_looks_at_each_hub_and_one_that_is_down_is_a_warning()
    {
        var (code, checks) = await DoctorAsync();
        Assert.Equal(0, code);
        foreach (var hub in _hubs)
        {
            foreach (var name in (string[])["tcp", "tls", "path", "authentication"])
                Assert.Equal("ok", StatusOf(checks, name, hub));
        }

        _hubs[2].Process.Signal(ManagedProcess.SigKill);
        await WaitForHubsAsync(hub => hub.GetProperty("connected").GetBoolean(), 2, "two connected hubs");
        (code, checks) = await DoctorAsync();
        Assert.Equal(0, code);
        Assert.Equal("warning", StatusOf(checks, "tcp", _hubs[2]));
        Assert.Equal("ok", StatusOf(checks, "authentication", _hubs[1]));
        Assert.Equal("ok", checks.Single(check => check.GetProperty("name").GetString() == "ports").GetProperty("status").GetString());

        static string? StatusOf(JsonElement[] checks, string name, HubProcess hub) => checks
            .Single(check => check.GetProperty("name").GetString() == name && check.TryGetProperty("subject", out var subject)
                && subject.GetString() == hub.EndPoint.ToString())
            .GetProperty("status").GetString();
    }

    private async Task StartEdgeAsync(params string[] arguments)
    {
        _edge = EdgeProcess.Start(_directory.FullName, _token, _edgeAddress, arguments);
        await _edge.WaitForPortsAsync([_ports[0]], [_udpPort]);
        await WaitForHubsAsync(hub => hub.GetProperty("connected").GetBoolean(), 3, "three connected hubs");
    }

    private static bool Answers(JsonElement hub) => hub.GetProperty("connected").GetBoolean() && !hub.GetProperty("silent").GetBoolean();

    private async Task<(int Code, JsonElement[] Checks)> DoctorAsync()
    {
        var result = await ManagedProcess.RunAsync(Binaries.Edge, ["doctor", "--json", "--admin-socket", _edge.AdminSocket]);
        return (result.ExitCode, [.. JsonElement.Parse(result.StandardOutput).GetProperty("checks").EnumerateArray()]);
    }

    private Task<StreamPair> OpenAsync() => OpenAsync(_upstream, _ports[0]);

    /// <summary>Waits until one hub has all of six clients at once, which with the least load no hub ever has.</summary>
    private Task WaitForAllAtAsync(int hub) => Eventually.IsTrueAsync(
        async () =>
        {
            List<(StreamPair Pair, int Hub)> open = [];
            for (var i = 0; i < 6; i++)
                open.Add(await OpenAtAsync());
            open.ForEach(client => client.Pair.Dispose());
            // What a killed hub had is kept for a while.
            await Eventually.IsTrueAsync(async () => (await StreamsAsync()).All(count => count == 0), "the end of these clients");
            return open.All(client => client.Hub == hub);
        },
        $"all clients at hub {hub}", explain: () => _edge.Process.Log);

    /// <summary>A client, and the hub that it is at.</summary>
    private async Task<(StreamPair Pair, int Hub)> OpenAtAsync()
    {
        var before = await StreamsAsync();
        var pair = await OpenAsync();
        var hub = -1;
        await Eventually.IsTrueAsync(
            async () => (hub = (await StreamsAsync())
                .Zip(before).Select((streams, index) => streams.First > streams.Second ? index : -1).Max()) >= 0,
            "the client's stream");
        return (pair, hub);
    }

    // On a busy machine a hub may be silent for a moment, so that a client comes to one that is behind and refuses it: clients try again.
    private async Task<StreamPair> OpenAsync(TcpListener upstream, int port)
    {
        StreamPair? pair = null;
        await Eventually.IsTrueAsync(
            async () => (pair = await TryOpenAsync(upstream, port)) is not null, "a client's way through",
            explain: () => _edge.Process.Log);
        return pair!;
    }

    private async Task<StreamPair?> TryOpenAsync(TcpListener upstream, int port)
    {
        var client = new Socket(_edgeAddress.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        StreamPair? pair = null;
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await client.ConnectAsync(new IPEndPoint(_edgeAddress, port), limit.Token);
            pair = new StreamPair(client, await upstream.AcceptSocketAsync(limit.Token));
            await pair.AssertEchoAsync();
            return pair;
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            pair?.Dispose();
            client.Dispose();
            return null;
        }
    }

    private async Task<int[]> StreamsAsync() => [.. (await HubsAsync()).Select(hub => hub.GetProperty("activeStreams").GetInt32())];

    private async Task<JsonElement[]> HubsAsync() => [.. (await _edge.StatusAsync())!.Value.GetProperty("hubs").EnumerateArray()];

    private Task WaitForHubsAsync(Func<JsonElement, bool> which, int count, string what) =>
        Eventually.IsTrueAsync(async () => (await HubsAsync()).Count(which) == count, what, explain: () => _edge.Process.Log);

    private async Task<string> StatusTextAsync() =>
        (await ManagedProcess.RunAsync(Binaries.Edge, ["status", "--admin-socket", _edge.AdminSocket])).Succeeded().StandardOutput;
}
