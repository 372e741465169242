using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Harness.Network;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>
/// One edge has three hubs on a machine whose packet filter is the test's: a hub is cut off, and all of them set a firewall.
/// </summary>
public sealed class SeveralHubsNetworkTests : IAsyncLifetime
{
    private const string EdgeId = "edge-1";
    private const string Secret = "a-secret-that-all-hubs-know";
    private static readonly IPAddress EdgeAddress = IPAddress.Parse("127.0.1.1");
    private static readonly IPAddress Target = IPAddress.Parse("127.0.2.1");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-hubs-cut-");
    private readonly List<HubProcess> _hubs = [];
    private readonly int _port = FreePorts.Next();
    private LoopbackNetwork _network = null!;
    private EdgeProcess _edge = null!;
    private Socket _upstream = null!;

    public async ValueTask InitializeAsync()
    {
        _network = await LoopbackNetwork.StartAsync();
        foreach (var name in (string[])["one", "two", "three"])
        {
            var hub = await HubProcess.StartAsync(_directory.CreateSubdirectory(name).FullName, Target, place: _network.Machine);
            _hubs.Add(hub);
        }

        var pins = new List<string>();
        var token = "";
        foreach (var hub in _hubs)
        {
            token = (await hub.RunAsync(
                "edge", "add", EdgeId, "--host", hub.EndPoint.ToString(), "--tcp", $"{_port}", "--proxy", "off", "--secret",
                Secret)).Succeeded().StandardOutput.Trim();
            Assert.True(Shared.Protocol.Tokens.ConnectionToken.TryDecode(token, out var decoded, out var error), error);
            pins.Add($"{hub.EndPoint}#{decoded.Pins[0]}");
        }

        _upstream = _network.Machine.Bind(SocketType.Stream, Target, _port);
        _hubs.Reverse();
        _edge = EdgeProcess.Start(_directory.FullName, token, EdgeAddress, _network.Machine, "--hubs", string.Join(',', pins[1], pins[0]));
        await _edge.WaitForPortsAsync([_port], []);
        await WaitForHubsAsync(hub => hub.GetProperty("connected").GetBoolean(), 3, "three connected hubs");
    }

    public async ValueTask DisposeAsync()
    {
        if (_edge is not null)
            await _edge.DisposeAsync();
        foreach (var hub in _hubs)
            await hub.DisposeAsync();
        _upstream?.Dispose();
        if (_network is not null)
            await _network.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Clients_go_to_the_others_while_a_hub_is_cut_off_and_what_is_open_there_goes_on_afterwards()
    {
        // With the load spread, each hub has some of these.
        var open = new List<StreamPair>();
        for (var i = 0; i < 6; i++)
            open.Add(await OpenAsync());
        Assert.All(await HubsAsync(), hub => Assert.True(hub.GetProperty("activeStreams").GetInt32() > 0));

        await _network.CutAsync(_hubs[0].TunnelPort);
        await WaitForHubsAsync(hub => hub.GetProperty("silent").GetBoolean(), 1, "a hub that is cut off");
        for (var i = 0; i < 6; i++)
        {
            using (var pair = await OpenAsync())
                await pair.AssertEchoAsync();
        }

        Assert.True((await HubsAsync())[0].GetProperty("silent").GetBoolean());

        await _network.HealAsync();
        await WaitForHubsAsync(
            hub => hub.GetProperty("connected").GetBoolean() && !hub.GetProperty("silent").GetBoolean(), 3, "all hubs to answer again");
        foreach (var pair in open)
        {
            await pair.AssertEchoAsync();
            pair.Dispose();
        }
    }

    [Fact]
    public async Task Every_hub_is_told_whether_its_firewall_is_in_force()
    {
        // The last change counts: the firewall of the hub that is behind is not in force.
        var firewall = await PutAsync(_hubs[1], "192.0.2.1");
        await WaitForFirewallAsync(_hubs[1], "applied");
        await PutAsync(_hubs[2], "192.0.2.7");
        await WaitForFirewallAsync(_hubs[2], "applied");
        await WaitForFirewallAsync(_hubs[1], "failed");

        foreach (var hub in _hubs)
            Assert.True((await hub.SendAsync(HttpMethod.Put, $"api/v1/edges/{EdgeId}", firewall)).IsSuccess);
        foreach (var hub in _hubs)
            await WaitForFirewallAsync(hub, "applied");

        // A hub that comes later is told too.
        _hubs[0].Process.Signal(ManagedProcess.SigKill);
        await _hubs[0].RestartAsync();
        await WaitForFirewallAsync(_hubs[0], "applied");
    }

    private static async Task<string> PutAsync(HubProcess hub, string blocked)
    {
        var definition = (await hub.SendAsync(HttpMethod.Get, $"api/v1/edges/{EdgeId}")).Json();
        var edge = new JsonObject
        {
            ["id"] = EdgeId,
            ["listenPorts"] = JsonNode.Parse(definition.GetProperty("listenPorts").GetRawText()),
            ["ports"] = JsonNode.Parse(definition.GetProperty("ports").GetRawText()),
            ["firewallConfig"] = new JsonObject { ["blockedIps"] = new JsonArray(blocked) },
        };
        var answer = await hub.SendAsync(HttpMethod.Put, $"api/v1/edges/{EdgeId}", edge.ToJsonString());
        Assert.True(answer.IsSuccess, answer.Body);
        return edge.ToJsonString();
    }

    private Task WaitForFirewallAsync(HubProcess hub, string state) => Eventually.IsTrueAsync(
        async () => await hub.ConnectedEdgeAsync(EdgeId) is { } edge && edge.TryGetProperty("firewall", out var firewall)
            && firewall.ValueKind == JsonValueKind.Object && firewall.GetProperty("state").GetString() == state,
        $"the firewall to be {state}", explain: () => $"{_edge.Process.Log}\n{hub.Process.Log}");

    private async Task<StreamPair> OpenAsync()
    {
        var client = _network.Machine.CreateSocket(SocketType.Stream);
        await client.ConnectAsync(EdgeAddress, _port).WaitAsync(TimeSpan.FromSeconds(30));
        return new StreamPair(client, await _upstream.AcceptAsync().WaitAsync(TimeSpan.FromSeconds(30)));
    }

    private async Task<JsonElement[]> HubsAsync() => [.. (await _edge.StatusAsync())!.Value.GetProperty("hubs").EnumerateArray()];

    private Task WaitForHubsAsync(Func<JsonElement, bool> which, int count, string what) =>
        Eventually.IsTrueAsync(async () => (await HubsAsync()).Count(which) == count, what, explain: () => _edge.Process.Log);
}
