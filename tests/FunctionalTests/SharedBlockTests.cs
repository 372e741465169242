using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Harness.Network;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Two hubs that share their state, on a machine with a packet filter of its own, and an edge of one of them.</summary>
public sealed class SharedBlockTests : IAsyncLifetime
{
    private const string EdgeId = "edge-1";
    private const string Blocked = "192.0.2.7";
    private static readonly IPAddress EdgeAddress = IPAddress.Parse("127.0.1.1");
    private static readonly IPAddress Target = IPAddress.Parse("127.0.2.1");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-shared-block-");
    private readonly int _port = FreePorts.Next();
    private LoopbackNetwork _network = null!;
    private PostgresServer _postgres = null!;
    private HubProcess _one = null!;
    private HubProcess _other = null!;
    private EdgeProcess _edge = null!;
    private Socket _upstream = null!;

    public async ValueTask InitializeAsync()
    {
        _network = await LoopbackNetwork.StartAsync();
        _postgres = await PostgresServer.StartAsync();
        var certificate = TestCertificates.Write(_directory.FullName, "hub.example.com");
        var database = await _postgres.MakeDatabaseAsync("hubs");
        _one = await StartAsync("one", certificate, database);
        _other = await StartAsync("other", certificate, database);
        var token = await _one.AddEdgeAsync(EdgeId, [_port], []);
        // Loopback is never blocked, so that a balancer names who comes.
        await _one.PutEdgeAsync(
            EdgeId, [_port], [],
            new JsonObject
            {
                [$"tcp/{_port}"] = new JsonObject
                {
                    ["proxyProtocol"] = "off",
                    ["acceptProxyProtocol"] = true,
                    ["trustedProxies"] = new JsonArray("127.0.0.0/8"),
                },
            });
        _upstream = _network.Machine.Bind(SocketType.Stream, Target, _port);
        _edge = EdgeProcess.Start(_directory.FullName, token, EdgeAddress, _network.Machine);
        await _edge.WaitForPortsAsync([_port], []);
    }

    public async ValueTask DisposeAsync()
    {
        if (_edge is not null)
            await _edge.DisposeAsync();
        foreach (var hub in (HubProcess?[])[_one, _other])
        {
            if (hub is not null)
                await hub.DisposeAsync();
        }

        _upstream?.Dispose();
        if (_postgres is not null)
            await _postgres.DisposeAsync();
        await _network.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_source_that_one_hub_blocks_is_refused_by_the_edge_of_the_other_until_either_lets_it_in()
    {
        Assert.True(await IsLetInAsync(Blocked));

        (await _other.RunAsync("firewall", "block", Blocked, "--for", "1h")).Succeeded();
        await Eventually.IsTrueAsync(async () => !await IsLetInAsync(Blocked), "the block at the edge", explain: () => _edge.Process.Log);
        var refused = (await _edge.StatusAsync())!.Value.GetProperty("refused");
        Assert.InRange(refused.GetProperty("blocked").GetInt64(), 1, long.MaxValue);
        Assert.True(await IsLetInAsync("192.0.2.8"));
        Assert.NotNull(await _one.ConnectedEdgeAsync(EdgeId));
        Assert.Null(await _other.ConnectedEdgeAsync(EdgeId));

        (await _one.RunAsync("firewall", "unblock", Blocked)).Succeeded();
        await Eventually.IsTrueAsync(() => IsLetInAsync(Blocked), "the end of the block at the edge", explain: () => _edge.Process.Log);
    }

    /// <summary>Whether a client whom the balancer names comes through to the upstream; else it is reset.</summary>
    private async Task<bool> IsLetInAsync(string client)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var socket = _network.Machine.CreateSocket(SocketType.Stream);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(EdgeAddress, _port), limit.Token);
            await socket.SendAllAsync(Encoding.ASCII.GetBytes($"PROXY TCP4 {client} 192.0.2.1 40000 443\r\n"));
            var accepting = _upstream.AcceptAsync(limit.Token).AsTask();
            var ending = socket.ReceiveAsync(new byte[1], limit.Token).AsTask();
            var isLetIn = await Task.WhenAny(accepting, ending) == accepting && accepting.IsCompletedSuccessfully;
            await limit.CancelAsync();
            if (isLetIn)
                (await accepting).Dispose();
            await Task.WhenAll(accepting, ending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Assert.True(isLetIn || !ending.IsCanceled, "neither let in nor refused");
            return isLetIn;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private Task<HubProcess> StartAsync(string name, string certificate, string database) => HubProcess.StartAsync(
        _directory.CreateSubdirectory(name).FullName, Target,
        new JsonObject
        {
            ["state"] = database,
            ["tls"] = new JsonObject
            {
                ["certPem"] = certificate,
                ["keyPem"] = certificate,
            },
        },
        _network.Machine);
}
