using System.Net;
using System.Text.Json;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>A running tunnel-edge.</summary>
public sealed class EdgeProcess : IAsyncDisposable
{
    private readonly string[] _arguments;
    private readonly AdminClient _admin;

    private EdgeProcess(string[] arguments, string adminSocket)
    {
        _arguments = arguments;
        AdminSocket = adminSocket;
        _admin = new AdminClient("tunnel-edge", adminSocket);
        Process = ManagedProcess.Start("tunnel-edge", Binaries.Edge, arguments);
    }

    public ManagedProcess Process { get; private set; }

    public string AdminSocket { get; }

    /// <summary>Starts an edge; it may not be connected yet.</summary>
    public static EdgeProcess Start(string directory, string token, IPAddress bindAddress, params string[] more)
    {
        var name = Path.Combine(directory, "edge-" + Guid.NewGuid().ToString("N")[..8]);
        File.WriteAllText(name + ".token", KnownSecrets.Add(token));
        return new EdgeProcess(
            ["run", "--token-file", name + ".token", "--bind-address", bindAddress.ToString(), "--admin-socket", name + ".sock", .. more], name + ".sock");
    }

    /// <summary>Starts it again after it was killed.</summary>
    public async Task RestartAsync()
    {
        await EndAsync();
        Process = ManagedProcess.Start("tunnel-edge", Binaries.Edge, _arguments);
    }

    /// <summary>Its status, or null while it does not answer.</summary>
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

    /// <summary>Waits until it is connected and listens on exactly these ports.</summary>
    public Task WaitForPortsAsync(IEnumerable<int> tcp, IEnumerable<int> udp) => Eventually.IsTrueAsync(
        async () => await StatusAsync() is { } status && status.GetProperty("connected").GetBoolean()
            && Ports(status, "listenPorts").SetEquals(tcp) && Ports(status, "listenPortsUdp").SetEquals(udp),
        $"the edge's ports {string.Join(',', tcp)} and {string.Join(',', udp)}",
        explain: () => Process.Log);

    public async ValueTask DisposeAsync()
    {
        _admin.Dispose();
        await EndAsync();
    }

    private async Task EndAsync()
    {
        await Process.DisposeAsync();
        KnownSecrets.Check("tunnel-edge", Process.Log);
    }

    private static HashSet<int> Ports(JsonElement status, string member) => [.. status.GetProperty(member).EnumerateArray().Select(port => port.GetInt32())];
}
