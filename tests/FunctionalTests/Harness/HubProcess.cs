using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness.Network;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>A running tunnel-hub with a directory of its own.</summary>
public sealed class HubProcess : IAsyncDisposable
{
    private readonly string _directory;
    private readonly NetworkEnd? _place;
    private readonly IReadOnlyDictionary<string, string>? _environment;
    private readonly AdminClient _admin;

    private HubProcess(string directory, NetworkEnd? place, IReadOnlyDictionary<string, string>? environment, int tunnelPort)
    {
        _directory = directory;
        _place = place;
        _environment = environment;
        TunnelPort = tunnelPort;
        Process = Launch();
        _admin = new AdminClient("tunnel-hub", AdminSocket);
    }

    public ManagedProcess Process { get; private set; }

    public int TunnelPort { get; }

    public IPEndPoint EndPoint => new(_place?.Address ?? IPAddress.Loopback, TunnelPort);

    public string AdminSocket => Path.Combine(_directory, "hub.sock");

    public string StateDirectory => Path.Combine(_directory, "state");

    /// <summary>Starts a hub and waits until it answers.</summary>
    /// <param name="directory">The directory in which it keeps everything.</param>
    /// <param name="targetHost">The host that it forwards to.</param>
    /// <param name="settings">More settings, for its file.</param>
    /// <param name="place">The namespace that it runs in; null: the test's own.</param>
    /// <param name="environment">Variables in its environment; null: none.</param>
    public static async Task<HubProcess> StartAsync(
        string directory, IPAddress targetHost, JsonObject? settings = null, NetworkEnd? place = null,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var port = FreePorts.Next();
        var file = settings ?? [];
        file["tunnelPort"] = port;
        file["bindAddress"] = (place?.Address ?? IPAddress.Loopback).ToString();
        file["targetHost"] = targetHost.ToString();
        file["stateDir"] = Path.Combine(directory, "state");
        file["adminSocket"] = Path.Combine(directory, "hub.sock");
        file["logLevel"] ??= "debug";
        await File.WriteAllTextAsync(Path.Combine(directory, "hub.json"), file.ToJsonString());
        var hub = new HubProcess(directory, place, environment, port);
        await hub.WaitUntilReadyAsync();
        return hub;
    }

    /// <summary>Starts the hub again after it was killed, with the same settings and state.</summary>
    public async Task RestartAsync()
    {
        await EndAsync();
        Process = Launch();
        await WaitUntilReadyAsync();
    }

    /// <summary>Starts another process that takes over from this one while it runs, and is the hub of the test from now on.</summary>
    /// <param name="more">More arguments for it.</param>
    /// <returns>The process before, which its caller disposes of.</returns>
    public ManagedProcess Replace(params string[] more)
    {
        var before = Process;
        Process = Launch(["--take-over", .. more]);
        return before;
    }

    /// <summary>Runs a command against this hub.</summary>
    public async Task<ProgramResult> RunAsync(params string[] arguments)
    {
        if (Array.IndexOf(arguments, "--secret") is >= 0 and var option)
        {
            KnownSecrets.Add(arguments[option + 1]);
        }

        var result = await ManagedProcess.RunAsync(Binaries.Hub, [.. arguments, "--admin-socket", AdminSocket]);

        // The command prints a token and nothing else.
        KnownSecrets.Add(
            arguments is ["edge", "add" or "token" or "rotate-secret", ..] or ["admin-key", ..] ? result.StandardOutput.Trim() : "");
        return result;
    }

    public Task<AdminResponse> SendAsync(HttpMethod method, string path, string? json = null) =>
        _admin.SendAsync(method, path, json, CancellationToken.None);

    public async Task<JsonElement> StatusAsync() => (await SendAsync(HttpMethod.Get, "api/v1/status")).Json();

    /// <summary>Returns why the state that hubs share can't be used; null: it can.</summary>
    public async Task<string?> SharedStateFaultAsync() =>
        (await StatusAsync()).GetProperty("sharedState").TryGetProperty("fault", out var fault) ? fault.GetString() : null;

    /// <summary>The status of one connected edge, or null while it is not connected.</summary>
    public async Task<JsonElement?> ConnectedEdgeAsync(string id)
    {
        foreach (var edge in (await StatusAsync()).GetProperty("connectedEdges").EnumerateArray())
        {
            if (edge.GetProperty("edgeId").GetString() == id)
            {
                return edge;
            }
        }

        return null;
    }

    /// <summary>Adds an edge that the hub dials, with one TCP port and no PROXY header, and returns its token.</summary>
    public async Task<string> AddDialledEdgeAsync(string id, int port, string dial) =>
        KnownSecrets.Add(
            (await RunAsync("edge", "add", id, "--tcp", $"{port}", "--proxy", "off", "--dial", dial)).Succeeded().StandardOutput.Trim());

    /// <summary>Adds an edge as an operator does, and returns its token.</summary>
    public async Task<string> AddEdgeAsync(
        string id, IEnumerable<int> tcp, IEnumerable<int> udp, string? transport = null, IPEndPoint? host = null)
    {
        List<string> arguments = ["edge", "add", id, "--host", (host ?? EndPoint).ToString()];
        AddList("--tcp", tcp);
        AddList("--udp", udp);
        if (transport is not null)
        {
            arguments.AddRange(["--transport", transport]);
        }

        return KnownSecrets.Add((await RunAsync([.. arguments])).Succeeded().StandardOutput.Trim());

        void AddList(string option, IEnumerable<int> ports)
        {
            if (string.Join(',', ports) is { Length: > 0 } list)
            {
                arguments.AddRange([option, list]);
            }
        }
    }

    /// <summary>Replaces an edge's definition; its secret stays.</summary>
    public async Task PutEdgeAsync(string id, IEnumerable<int> tcp, IEnumerable<int> udp, JsonObject? policies = null, bool enabled = true)
    {
        var edge = new JsonObject
        {
            ["id"] = id,
            ["enabled"] = enabled,
            ["listenPorts"] = new JsonArray([.. tcp.Select(port => (JsonNode)port)]),
            ["listenPortsUdp"] = new JsonArray([.. udp.Select(port => (JsonNode)port)]),
        };
        if (policies is not null)
        {
            edge["ports"] = policies.DeepClone();
        }

        var answer = await SendAsync(HttpMethod.Put, $"api/v1/edges/{id}", edge.ToJsonString());
        Assert.True(answer.IsSuccess, $"PUT of edge {id}: {answer.StatusCode} {answer.Body}");
    }

    public async ValueTask DisposeAsync()
    {
        _admin.Dispose();
        await EndAsync();
    }

    // Every log is searched for secrets, whatever the test was about.
    private async Task EndAsync()
    {
        await Process.DisposeAsync();
        KnownSecrets.Check("tunnel-hub", Process.Log);
    }

    private ManagedProcess Launch(params string[] more)
    {
        string[] own = ["run", "--config", Path.Combine(_directory, "hub.json"), .. more];
        var (program, arguments) = _place?.Command(Binaries.Hub, own) ?? (Binaries.Hub, own);
        return ManagedProcess.Start("tunnel-hub", program, arguments, _environment);
    }

    /// <summary>Waits until the hub answers.</summary>
    public Task WaitUntilReadyAsync() => Eventually.IsTrueAsync(IsReadyAsync, "the hub's start", explain: () => Process.Log);

    private async Task<bool> IsReadyAsync()
    {
        if (Process.HasExited)
        {
            throw new InvalidOperationException($"The hub ended with code {Process.ExitCode}:\n{Process.Log}");
        }

        try
        {
            return (await _admin.GetAsync("healthz", CancellationToken.None)).IsSuccess;
        }
        catch (OperatorException)
        {
            return false;
        }
    }
}
