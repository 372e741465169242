using System.Net;
using System.Text.Json;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Harness.Network;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>An edge tells where its two hubs, which are on machines of their own as far as they can tell, are not redundant.</summary>
public sealed class HubRedundancyTests : IAsyncLifetime
{
    private const string EdgeId = "edge-1";
    private const string Secret = "a-secret-that-both-hubs-know";
    private static readonly IPAddress Target = IPAddress.Parse("127.0.2.1");
    private static readonly IPAddress Elsewhere = IPAddress.Parse("127.0.3.1");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-redundancy-");
    private readonly int[] _ports = FreePorts.Next(2);
    private LoopbackNetwork _network = null!;
    private HubProcess _one = null!;
    private HubProcess? _other;
    private EdgeProcess? _edge;
    private string _token = "";

    public async ValueTask InitializeAsync()
    {
        _network = await LoopbackNetwork.StartAsync();
        _one = await StartAsync("one", IPAddress.Loopback);
        _token = await AddEdgeAsync(_one);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in (IAsyncDisposable?[])[_edge, _one, _other, _network])
        {
            if (process is not null)
                await process.DisposeAsync();
        }

        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Two_that_are_behind_one_address_are_told()
    {
        _other = await StartAsync("other", IPAddress.Loopback);
        Assert.True(Shared.Protocol.Tokens.ConnectionToken.TryDecode(await AddEdgeAsync(_other), out var token, out var error), error);
        await ConnectAsync($"{_other.EndPoint}#{token.Pins[0]}");
        await AssertToldAsync($"{_one.EndPoint} and {_other.EndPoint} are behind one address, 127.0.0.1: whoever loses it loses both");
    }

    [Fact]
    public async Task One_that_is_an_old_copy_of_the_other_is_told_and_an_equal_one_is_not()
    {
        var copy = Path.Combine(_directory.CreateSubdirectory("other").FullName, "state");
        _one.Process.Signal(ManagedProcess.SigKill);
        (await ManagedProcess.RunAsync("/bin/cp", ["-a", _one.StateDirectory, copy])).Succeeded();
        await _one.RestartAsync();
        _other = await StartAsync("other", Elsewhere);
        await ConnectAsync(_other.EndPoint.ToString());
        Assert.Empty(await WarningsAsync());

        await _one.PutEdgeAsync(EdgeId, _ports, []);
        await AssertToldAsync(
            $"{_one.EndPoint} and {_other.EndPoint} have the same certificate and different states: one may be an old copy of the other");
    }

    private async Task ConnectAsync(string hubs)
    {
        _edge = EdgeProcess.Start(_directory.FullName, _token, IPAddress.Loopback, _network.Machine, "--hubs", hubs);
        await Eventually.IsTrueAsync(
            async () => await _edge.StatusAsync() is { } status
                && status.GetProperty("hubs").EnumerateArray().Count(hub => hub.GetProperty("connected").GetBoolean()) == 2,
            "both hubs", explain: () => _edge.Process.Log);
    }

    private async Task AssertToldAsync(string warning)
    {
        await Eventually.IsTrueAsync(
            async () => (await WarningsAsync()).SequenceEqual([warning]), warning, explain: () => _edge!.Process.Log);
        var status = await ManagedProcess.RunAsync(Binaries.Edge, ["status", "--admin-socket", _edge!.AdminSocket]);
        Assert.Contains(warning, status.Succeeded().StandardOutput, StringComparison.Ordinal);
    }

    private async Task<IEnumerable<string?>> WarningsAsync() =>
        (await _edge!.StatusAsync())!.Value.TryGetProperty("warnings", out var warnings) && warnings.ValueKind == JsonValueKind.Array
            ? warnings.EnumerateArray().Select(warning => warning.GetString())
            : [];

    private async Task<string> AddEdgeAsync(HubProcess hub) =>
        (await hub.RunAsync(
            "edge", "add", EdgeId, "--host", hub.EndPoint.ToString(), "--tcp", $"{_ports[0]}", "--secret", Secret))
        .Succeeded().StandardOutput.Trim();

    private async Task<HubProcess> StartAsync(string name, IPAddress address)
    {
        var directory = _directory.CreateSubdirectory(name).FullName;
        var bootId = Path.Combine(directory, "boot_id");
        await File.WriteAllTextAsync(bootId, $"{Guid.NewGuid()}\n");
        return await HubProcess.StartAsync(directory, Target, place: _network.Machine with { Address = address, BootId = bootId });
    }
}
