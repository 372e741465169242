using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Firewall;

/// <summary>A hub and an edge, each on its machine of a <see cref="FirewallNetwork"/>. At the end both must stop in order.</summary>
public sealed class FirewallSetup : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-firewall-");
    private readonly int _tunnelPort = FreePorts.Next();
    private readonly bool _hubDials;
    private AdminClient _hubAdmin = null!;
    private AdminClient _edgeAdmin = null!;
    private ManagedProcess? _hub;

    private FirewallSetup(FirewallNetwork network, bool hubDials) =>
        (Network, Upstream, _hubDials) = (network, network.Listen(Port), hubDials);

    public FirewallNetwork Network { get; }

    /// <summary>The upstream of the hub: without it clients that were let in would be reset, too.</summary>
    public Socket Upstream { get; }

    public ManagedProcess? Edge { get; private set; }

    public int Port { get; } = FreePorts.Next();

    public int TunnelPort => _tunnelPort;

    /// <summary>Starts both and waits until the edge has applied the firewall.</summary>
    /// <param name="firewall">The edge's <c>firewallConfig</c>; null: none.</param>
    /// <param name="launcher">A program that starts the edge, with its arguments; null: none.</param>
    /// <param name="edgeArguments">More arguments of the edge.</param>
    public static Task<FirewallSetup> StartAsync(string? firewall, string[]? launcher = null, params string[] edgeArguments) =>
        StartAsync(firewall, hubDials: false, launcher, edgeArguments);

    /// <summary>Starts both, with a hub that dials its edge, at <see cref="TunnelPort"/>.</summary>
    public static Task<FirewallSetup> StartDialledAsync(string? firewall) => StartAsync(firewall, hubDials: true, null, []);

    private static async Task<FirewallSetup> StartAsync(string? firewall, bool hubDials, string[]? launcher, string[] edgeArguments)
    {
        var setup = new FirewallSetup(await FirewallNetwork.StartAsync(), hubDials);
        try
        {
            await setup.StartHubAsync();
            var answer = await setup.HubAsync(
                HttpMethod.Post, $"api/v1/edges?host={FirewallNetwork.Hub}:{setup._tunnelPort}", setup.EdgeJson(firewall));
            Assert.True(answer.IsSuccess, answer.Body);
            File.WriteAllText(setup.PathOf("edge.token"), answer.Json().GetProperty("token").GetString());
            await setup.StartEdgeAsync(launcher, edgeArguments);
            return setup;
        }
        catch
        {
            await setup.DisposeAsync();
            throw;
        }
    }

    public async Task StartHubAsync()
    {
        var settings = new JsonObject
        {
            ["tunnelPort"] = _tunnelPort,
            ["bindAddress"] = FirewallNetwork.Hub.ToString(),
            ["targetHost"] = FirewallNetwork.Hub.ToString(),
            ["stateDir"] = PathOf("hub-state"),
            ["adminSocket"] = PathOf("hub.sock"),
            ["logLevel"] = "debug",
            ["drainTimeout"] = 1,
        };
        File.WriteAllText(PathOf("hub.json"), settings.ToJsonString());
        var (program, arguments) = FirewallNetwork.In(Network.HubSpace, Binaries.Hub, "run", "--config", PathOf("hub.json"));
        _hub = ManagedProcess.Start("tunnel-hub", program, arguments);
        _hubAdmin = new AdminClient("tunnel-hub", PathOf("hub.sock"));
        await Eventually.IsTrueAsync(() => IsAnsweredAsync(_hubAdmin, _hub), "the hub's start", explain: () => _hub.Log);
    }

    public async Task StopHubAsync() => await StopAsync(_hub!);

    public async Task StartEdgeAsync(string[]? launcher = null, params string[] more)
    {
        string[] command =
        [
            .. launcher ?? [], Binaries.Edge, "run", "--token-file", PathOf("edge.token"), "--bind-address", "::", "--admin-socket",
            PathOf("edge.sock"),
            "--state-dir", PathOf("edge-state"), "--stun-servers", "[]", "--log-level", "debug", "--drain-timeout", "1", .. more,
        ];
        var (program, arguments) = FirewallNetwork.In(Network.EdgeSpace, command[0], command[1..]);
        Edge = ManagedProcess.Start("tunnel-edge", program, arguments);
        _edgeAdmin = new AdminClient("tunnel-edge", PathOf("edge.sock"));
        await Eventually.IsTrueAsync(
            async () => await EdgeStatusAsync() is { } status && status.GetProperty("listenPorts").GetArrayLength() == 1, "the edge's port",
            explain: () => Edge.Log);
    }

    public async Task StopEdgeAsync() => await StopAsync(Edge!);

    /// <summary>
    /// Starts another edge, <c>edge-2</c>, on the same machine and waits until the hub knows that its firewall is in force.
    /// </summary>
    public async Task<ManagedProcess> StartSecondEdgeAsync(string firewall)
    {
        var answer = await HubAsync(
            HttpMethod.Post, $"api/v1/edges?host={FirewallNetwork.Hub}:{_tunnelPort}", EdgeJson(firewall, "edge-2", FreePorts.Next()));
        Assert.True(answer.IsSuccess, answer.Body);
        File.WriteAllText(PathOf("second.token"), answer.Json().GetProperty("token").GetString());
        var (program, arguments) = FirewallNetwork.In(
            Network.EdgeSpace, Binaries.Edge, "run", "--token-file", PathOf("second.token"), "--admin-socket", PathOf("second.sock"),
            "--state-dir", PathOf("second-state"), "--stun-servers", "[]", "--log-level", "debug", "--drain-timeout", "1");
        var edge = ManagedProcess.Start("tunnel-edge", program, arguments);
        await WaitForStateAsync("applied", edgeId: "edge-2");
        return edge;
    }

    /// <summary>Replaces the edge's firewall.</summary>
    public async Task<AdminResponse> PushAsync(string? firewall) =>
        await HubAsync(HttpMethod.Put, "api/v1/edges/edge-1", EdgeJson(firewall));

    public Task<AdminResponse> HubAsync(HttpMethod method, string path, string? json = null) =>
        _hubAdmin.SendAsync(method, path, json, CancellationToken.None);

    /// <summary>Runs a command against the hub.</summary>
    public Task<ProgramResult> HubCommandAsync(params string[] arguments) =>
        ManagedProcess.RunAsync(Binaries.Hub, [.. arguments, "--admin-socket", PathOf("hub.sock")]);

    public async Task<JsonElement?> EdgeStatusAsync()
    {
        Assert.False(Edge!.HasExited, $"The edge has ended:\n{Edge.Log}");
        try
        {
            var answer = await _edgeAdmin.GetAsync("api/v1/status", CancellationToken.None);
            return answer.IsSuccess ? answer.Json() : null;
        }
        catch (OperatorException)
        {
            return null;
        }
    }

    /// <summary>Waits until the hub's status says this of the edge's firewall.</summary>
    public Task<string> WaitForStateAsync(string state, TimeSpan? limit = null, string edgeId = "edge-1") => Eventually.GetAsync(
        async () => await ReportedAsync(edgeId) is { } firewall && firewall.GetProperty("state")
            .GetString() == state ? firewall.GetRawText() : null,
        $"the firewall to be {state}", limit, () => $"{Edge!.Log}\n{_hub!.Log}");

    public async Task<JsonElement?> ReportedAsync(string edgeId = "edge-1")
    {
        foreach (var edge in (await HubAsync(HttpMethod.Get, "api/v1/status")).Json().GetProperty("connectedEdges").EnumerateArray())
        {
            if (edge.GetProperty("edgeId").GetString() == edgeId && edge.TryGetProperty("firewall", out var firewall))
                return firewall;
        }

        return null;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            // Connections that nobody took would be drained.
            Upstream.Dispose();
            foreach (var process in new[] { Edge, _hub }.OfType<ManagedProcess>().Where(process => !process.HasExited))
                await StopAsync(process);
        }
        finally
        {
            foreach (var process in new[] { Edge, _hub }.OfType<ManagedProcess>())
                await process.DisposeAsync();
            await Network.DisposeAsync();
            _directory.Delete(recursive: true);
        }
    }

    private static async Task StopAsync(ManagedProcess process)
    {
        process.Signal(ManagedProcess.SigTerm);
        var code = await process.WaitForExitAsync(TimeSpan.FromSeconds(60));
        Assert.True(code == 0, $"{process.Name} ended with code {code}:\n{process.Log}");
        Assert.DoesNotContain("Unhandled exception", process.Log);
    }

    private static async Task<bool> IsAnsweredAsync(AdminClient client, ManagedProcess process)
    {
        Assert.False(process.HasExited, process.Log);
        try
        {
            return (await client.GetAsync("healthz", CancellationToken.None)).IsSuccess;
        }
        catch (OperatorException)
        {
            return false;
        }
    }

    private string PathOf(string name) => Path.Combine(_directory.FullName, name);

    private string EdgeJson(string? firewall) => EdgeJson(firewall, "edge-1", Port);

    private string EdgeJson(string? firewall, string id, int port)
    {
        var edge = new JsonObject
        {
            ["id"] = id,
            ["listenPorts"] = new JsonArray(port),
            ["ports"] = new JsonObject { ["default"] = new JsonObject { ["proxyProtocol"] = "off" } },
        };
        if (_hubDials)
            (edge["dial"], edge["dialAddress"]) = ("hub", $"{FirewallNetwork.EdgeOfHub}:{_tunnelPort}");
        if (firewall is not null)
            edge["firewallConfig"] = JsonNode.Parse(firewall);
        return edge.ToJsonString();
    }
}
