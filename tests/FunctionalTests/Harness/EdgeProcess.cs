using System.Net;
using System.Text.Json;
using Tunnel.FunctionalTests.Harness.Network;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>A running tunnel-edge.</summary>
public sealed class EdgeProcess : IAsyncDisposable
{
    private readonly string[] _arguments;
    private readonly NetworkEnd? _place;
    private readonly IReadOnlyDictionary<string, string>? _environment;
    private readonly AdminClient _admin;

    private EdgeProcess(
        string[] arguments, string adminSocket, NetworkEnd? place, IReadOnlyDictionary<string, string>? environment = null)
    {
        _arguments = arguments;
        _place = place;
        _environment = environment;
        AdminSocket = adminSocket;
        _admin = new AdminClient("tunnel-edge", adminSocket);
        Process = Launch();
    }

    public ManagedProcess Process { get; private set; }

    public string AdminSocket { get; }

    /// <summary>Starts an edge; it may not be connected yet.</summary>
    public static EdgeProcess Start(string directory, string token, IPAddress bindAddress, params string[] more) =>
        Start(directory, token, bindAddress, null, more);

    /// <summary>Starts an edge in a network namespace.</summary>
    public static EdgeProcess Start(string directory, string token, IPAddress bindAddress, NetworkEnd? place, params string[] more) =>
        Start(directory, token, bindAddress, place, environment: null, more);

    /// <summary>Starts an edge with variables in its environment.</summary>
    public static EdgeProcess Start(
        string directory, string token, IPAddress bindAddress, NetworkEnd? place, IReadOnlyDictionary<string, string>? environment,
        params string[] more)
    {
        var name = Path.Combine(directory, "edge-" + Guid.NewGuid().ToString("N")[..8]);
        File.WriteAllText(name + ".token", KnownSecrets.Add(token));
        return new EdgeProcess(
            [
                "run", "--token-file", name + ".token", "--bind-address", bindAddress.ToString(), "--admin-socket", name + ".sock",
                .. Own(name, more), .. more], name + ".sock", place, environment);
    }

    /// <summary>Starts the edge again after it was killed.</summary>
    public async Task RestartAsync()
    {
        await EndAsync();
        Process = Launch();
    }

    /// <summary>Starts another process that takes over from this one while it runs, and is the edge of the test from now on.</summary>
    /// <param name="token">Another token for it; null: the same.</param>
    /// <returns>The process before, which its caller disposes of.</returns>
    public ManagedProcess Replace(string? token = null)
    {
        if (token is not null)
            File.WriteAllText(_arguments[Array.IndexOf(_arguments, "--token-file") + 1], KnownSecrets.Add(token));
        var before = Process;
        Process = Launch("--take-over");
        return before;
    }

    /// <summary>The edge's status, or null while it does not answer.</summary>
    public async Task<JsonElement?> StatusAsync()
    {
        if (Process.HasExited)
        {
            throw new InvalidOperationException($"The edge ended with code {Process.ExitCode}:\n{Process.Log}");
        }

        try
        {
            var answer = await _admin.GetAsync("api/v1/status", CancellationToken.None);
            return answer.IsSuccess ? answer.Json() : null;
        }
        catch (OperatorException)
        {
            return null;
        }
    }

    /// <summary>Waits until the edge is connected and listens on exactly these ports.</summary>
    public Task WaitForPortsAsync(IEnumerable<int> tcp, IEnumerable<int> udp) => Eventually.IsTrueAsync(
        async () => await StatusAsync() is { } status && status.GetProperty("connected").GetBoolean()
            && Ports(status, "listenPorts").SetEquals(tcp) && Ports(status, "listenPortsUdp").SetEquals(udp),
        $"the edge's ports {string.Join(',', tcp)} and {string.Join(',', udp)}",
        explain: () => Process.Log);

    /// <summary>Waits until the edge's tunnel runs over this transport.</summary>
    public Task WaitForTransportAsync(string transport, TimeSpan? limit = null) => Eventually.IsTrueAsync(
        async () => await StatusAsync() is { } status && status.GetProperty("transport").GetString() == transport,
        $"a tunnel over {transport}", limit, () => Process.Log);

    public async ValueTask DisposeAsync()
    {
        _admin.Dispose();
        await EndAsync();
    }

    // Tests ask nobody on the Internet.
    private static string[] NoStun(string[] more) => more.Contains("--stun-servers") ? [] : ["--stun-servers", "[]"];

    private static string[] Own(string name, string[] more) =>
        [.. NoStun(more), .. more.Contains("--state-dir") ? (string[])[] : ["--state-dir", name + ".state"]];

    private async Task EndAsync()
    {
        await Process.DisposeAsync();
        KnownSecrets.Check("tunnel-edge", Process.Log);
    }

    private ManagedProcess Launch(params string[] more)
    {
        string[] own = [.. _arguments, .. more];
        var (program, arguments) = _place?.Command(Binaries.Edge, own) ?? (Binaries.Edge, own);
        return ManagedProcess.Start("tunnel-edge", program, arguments, _environment);
    }

    private static HashSet<int> Ports(JsonElement status, string member) =>
        [.. status.GetProperty(member).EnumerateArray().Select(port => port.GetInt32())];
}
