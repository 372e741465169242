using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Admin;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Hosting.Replacing;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Sockets;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Admin;

/// <summary>/readyz and /healthz of a whole edge in this process say how it is.</summary>
public sealed class ReadinessTests : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-readiness-");
    private readonly ManualTimeProvider _time = new();
    private readonly SocketStore _sockets = new([], null);
    private readonly PrometheusExporter _metrics = new("none");
    private readonly TunnelEdge _edge;
    private readonly EdgeAdmin _admin;
    private readonly AdminClient _client;

    public ReadinessTests()
    {
        var socket = Path.Combine(_directory.FullName, "edge.sock");
        var options = new TunnelEdgeOptions
        {
            HubHost = "127.0.0.1",
            EdgeId = "edge-1",
            Secret = "a-secret-of-the-edge",
            BindAddress = IPAddress.Loopback,
        };
        _edge = new TunnelEdge(options, NullLoggerFactory.Instance, _time, new FakeDialer());
        var handOver = new HandOver(_edge, _sockets, _ => true, _time, NullLogger.Instance);
        _admin = new EdgeAdmin(_edge, _metrics, socket, null, handOver, _sockets, NullLoggerFactory.Instance);
        _client = new AdminClient("tunnel-edge", socket);
    }

    public async ValueTask InitializeAsync()
    {
        await _edge.StartAsync();
        await _admin.StartAsync(replaces: false, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _admin.DisposeAsync();
        await _edge.DisposeAsync();
        _metrics.Dispose();
        _sockets.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task An_edge_is_ready_while_the_hub_is_away_and_not_when_it_stops()
    {
        Assert.Equal((200, "ready\n"), await AskAsync("readyz"));
        Assert.Equal((200, "ok\n"), await AskAsync("healthz"));

        await _edge.StopAsync(TimeSpan.Zero);
        Assert.Equal((503, "the edge is stopping\n"), await AskAsync("readyz"));
        Assert.Equal((200, "ok\n"), await AskAsync("healthz"));
    }

    [Fact]
    public async Task An_edge_that_stops_is_not_replaced()
    {
        await _edge.StopAsync(TimeSpan.Zero);
        var error = await Assert.ThrowsAsync<OperatorException>(
            () => Task.Run(() => TakeOver.Begin(Path.Combine(_directory.FullName, "edge.sock"))).Soon());
        Assert.Contains("is stopping", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_an_event_loop_hangs_the_edge_is_not_ready()
    {
        var hangs = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // The gate is not disposed of: the loop may come to it late, and a loop's exception ends the process.
        var gate = new ManualResetEventSlim();
        try
        {
            // The loops are shared by the whole process, so that other tests wait for them meanwhile.
            EventLoops.Next().Post(() =>
            {
                hangs.SetResult();
                gate.Wait();
            });
            await hangs.Task.Soon();
            Assert.Equal(503, (await AskWhileTimePassesAsync("readyz")).Status);
            Assert.Equal(503, (await AskWhileTimePassesAsync("healthz")).Status);
        }
        finally
        {
            gate.Set();
        }

        Assert.Equal((200, "ready\n"), await AskAsync("readyz"));
    }

    private async Task<(int Status, string Text)> AskWhileTimePassesAsync(string path)
    {
        var asked = AskAsync(path);
        await Eventually.IsTrueAsync(
            () =>
            {
                if (!asked.IsCompleted)
                    _time.Advance(TimeSpan.FromMilliseconds(100));
                return asked.IsCompleted;
            },
            "the answer");
        return await asked;
    }

    private async Task<(int Status, string Text)> AskAsync(string path)
    {
        var answer = await _client.GetAsync(path, CancellationToken.None).Soon();
        return (answer.StatusCode, answer.Body);
    }
}
