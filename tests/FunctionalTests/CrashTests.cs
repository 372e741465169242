using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>
/// A hub that is killed at any moment comes back with the old set of edges or with the new one, never with a part or without any.
/// </summary>
public sealed class CrashTests : IAsyncLifetime
{
    private const int Edges = 50;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-functional-");
    private HubProcess _hub = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await HubProcess.StartAsync(_directory.FullName, LoopbackAddresses.Next());
        for (var index = 0; index < Edges; index++)
        {
            var edge = new JsonObject { ["id"] = $"edge-{index}", ["listenPorts"] = new JsonArray(1000) };
            Assert.True((await _hub.SendAsync(HttpMethod.Post, "api/v1/edges?host=hub", edge.ToJsonString())).IsSuccess);
        }

        Assert.Equal(1000, await PortOfAllAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    /// <summary>
    /// Kills the hub on its way into the given system call of saving: before the content is on the disk, before it takes its place, before
    /// its name is on the disk.
    /// </summary>
    [Theory]
    [InlineData("fsync", 1, 1000)]
    [InlineData(KillAt.Rename, 1, 1000)]
    [InlineData("fsync", 2, 2000)]
    public async Task Killed_between_two_steps_of_saving_it_has_the_old_set_or_the_new_one(string call, int time, int port)
    {
        await using var tracer = await KillAt.AttachAsync(_hub.Process, call, time);
        await Assert.ThrowsAsync<OperatorException>(() => ApplyAsync(2000));
        await _hub.Process.WaitForExitAsync(TimeSpan.FromSeconds(30));

        await _hub.RestartAsync();
        Assert.Equal(port, await PortOfAllAsync());
        Assert.True((await ApplyAsync(3000)).IsSuccess);
        Assert.Equal(3000, await PortOfAllAsync());
    }

    [Fact]
    public async Task Killed_at_any_moment_it_has_what_it_acknowledged_or_what_came_after()
    {
        var random = new Random(5);
        var acknowledged = 1000;
        for (var round = 0; round < 8; round++)
        {
            var kill = Task.Run(async () =>
            {
                await Task.Delay(random.Next(120));
                _hub.Process.Signal(ManagedProcess.SigKill);
            });
            var sent = acknowledged;
            try
            {
                while (true)
                {
                    sent++;
                    Assert.True((await ApplyAsync(sent)).IsSuccess);
                    acknowledged = sent;
                }
            }
            catch (OperatorException)
            {
                // The process has been killed.
            }

            await kill;
            await _hub.Process.WaitForExitAsync(TimeSpan.FromSeconds(30));
            await _hub.RestartAsync();
            var found = await PortOfAllAsync();
            Assert.InRange(found, acknowledged, sent);
            acknowledged = found;
        }
    }

    private Task<AdminResponse> ApplyAsync(int port)
    {
        var edges = Enumerable.Range(0, Edges).Select(
            index => (JsonNode)new JsonObject { ["id"] = $"edge-{index}", ["listenPorts"] = new JsonArray(port) });
        return _hub.SendAsync(HttpMethod.Put, "api/v1/edges", new JsonArray([.. edges]).ToJsonString());
    }

    /// <summary>Returns the port that all edges have: a set that was put together of two would have several.</summary>
    private async Task<int> PortOfAllAsync()
    {
        var edges = (await _hub.SendAsync(HttpMethod.Get, "api/v1/edges")).Json();
        Assert.Equal(Edges, edges.GetArrayLength());
        return Assert.Single(edges.EnumerateArray().Select(edge => edge.GetProperty("listenPorts")[0].GetInt32()).Distinct());
    }
}
