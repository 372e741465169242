using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Harness.Network;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>
/// Two hubs share their state, and every packet between one of them and the database is dropped: nothing is refused and nothing ends, there
/// is only no answer.
/// </summary>
public sealed class DatabaseCutTests : IAsyncLifetime
{
    private const string EdgeId = "edge-1";
    private const string Password = "a-password-of-the-database";
    private static readonly IPAddress EdgeAddress = IPAddress.Parse("127.0.1.1");
    private static readonly IPAddress Target = IPAddress.Parse("127.0.2.1");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-database-cut-");
    private readonly X509Certificate2 _authority = TestCertificates.MakeAuthority();
    private readonly int[] _ports = FreePorts.Next(3);
    private LoopbackNetwork _network = null!;
    private PostgresServer _postgres = null!;
    private HubProcess _one = null!;
    private HubProcess _other = null!;

    public async ValueTask InitializeAsync()
    {
        _network = await LoopbackNetwork.StartAsync();
        using var certificate = TestCertificates.Make(_authority, null, "localhost");
        _postgres = await PostgresServer.StartAsync(
            certificate: certificate, place: (program, arguments) => _network.Machine.Command(program, arguments));
        await _postgres.RunAsync("postgres", $"create role hub login password '{KnownSecrets.Add(Password)}'");
        await _postgres.RunAsync("postgres", "create database hubs owner hub");
        var root = Path.Combine(_directory.FullName, "root.crt");
        await File.WriteAllTextAsync(root, _authority.ExportCertificatePem() + "\n");
        var key = TestCertificates.Write(_directory.FullName, "hub.example.com");

        // Only the first one comes over the network.
        _one = await StartAsync("one", key, $"Host=127.0.0.1;Password={Password};SSL Mode=VerifyCA;Root Certificate={root}");
        _other = await StartAsync("other", key, $"Host={_postgres.Host}");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in (IAsyncDisposable?[])[_one, _other, _postgres, _network])
        {
            if (process is not null)
                await process.DisposeAsync();
        }

        _authority.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_hub_goes_on_with_what_it_knows_refuses_changes_and_catches_up_afterwards()
    {
        var token = await _one.AddEdgeAsync(EdgeId, [], []);
        await PutAsync(_one, _ports[0]);
        await using var edge = EdgeProcess.Start(_directory.FullName, token, EdgeAddress, _network.Machine);
        await edge.WaitForPortsAsync([_ports[0]], []);
        using var upstream = _network.Machine.Bind(SocketType.Stream, Target, _ports[0]);
        using var open = await OpenAsync(upstream);
        await Eventually.IsTrueAsync(async () => await ListenPortAsync(_other) == _ports[0], "the edge at the other hub");
        Assert.Contains("\ntunnel_state_available 1\n", await MetricsAsync(), StringComparison.Ordinal);

        // The first change comes before anybody knows, and the next one afterwards.
        await _network.CutAsync(_postgres.Port);
        await AssertRefusedAsync();
        var fault = await Eventually.GetAsync(_one.SharedStateFaultAsync, "the fault", explain: () => _one.Process.Log);
        await AssertRefusedAsync(fault);
        Assert.Contains("changes are refused", (await _one.RunAsync("status")).StandardOutput, StringComparison.Ordinal);
        Assert.Contains(fault, (await _one.RunAsync("doctor")).StandardOutput, StringComparison.Ordinal);
        Assert.Contains("\ntunnel_state_available 0\n", await MetricsAsync(), StringComparison.Ordinal);
        Assert.Null(await _other.SharedStateFaultAsync());

        // Who is there stays, and who comes is let in.
        await open.AssertEchoAsync();
        await edge.RestartAsync();
        await edge.WaitForPortsAsync([_ports[0]], []);
        using (var next = await OpenAsync(upstream))
            await next.AssertEchoAsync();

        // Meanwhile the other hub makes a change, and the server gives up the connections that it hears nothing of.
        await PutAsync(_other, _ports[1]);
        await _postgres.RunAsync("hubs", "select pg_terminate_backend(pid) from pg_stat_activity where client_addr is not null");
        Assert.Equal(_ports[0], await ListenPortAsync(_one));

        await _network.HealAsync();
        await edge.WaitForPortsAsync([_ports[1]], []);
        Assert.Null(await _one.SharedStateFaultAsync());
        Assert.Contains("\ntunnel_state_available 1\n", await MetricsAsync(), StringComparison.Ordinal);

        // No connection of before is used any more: each change succeeds at once.
        await PutAsync(_one, _ports[2]);
        await edge.WaitForPortsAsync([_ports[2]], []);
        await Eventually.IsTrueAsync(async () => await ListenPortAsync(_other) == _ports[2], "the change at the other hub");
    }

    private async Task AssertRefusedAsync(string reason = "The PostgreSQL database hubs at 127.0.0.1 can't be used now: ")
    {
        var refused = await _one.SendAsync(HttpMethod.Put, $"api/v1/edges/{EdgeId}", $$"""{"listenPorts": [{{_ports[2]}}]}""");
        Assert.Equal(503, refused.StatusCode);
        var detail = refused.Json().GetProperty("detail").GetString();
        Assert.StartsWith($"Nothing was changed. {reason}", detail, StringComparison.Ordinal);
    }

    private static Task PutAsync(HubProcess hub, int port) => hub.PutEdgeAsync(EdgeId, [port], [], TunnelSetup.WithoutHeader([port], []));

    private static async Task<int?> ListenPortAsync(HubProcess hub) =>
        await hub.SendAsync(HttpMethod.Get, $"api/v1/edges/{EdgeId}") is { IsSuccess: true } answer
            && answer.Json().GetProperty("listenPorts").EnumerateArray().ToArray() is [var port]
                ? port.GetInt32()
                : null;

    private async Task<string> MetricsAsync() => (await _one.SendAsync(HttpMethod.Get, "metrics")).Body;

    private async Task<StreamPair> OpenAsync(Socket upstream)
    {
        var client = _network.Machine.CreateSocket(SocketType.Stream);
        await client.ConnectAsync(EdgeAddress, _ports[0]).WaitAsync(TimeSpan.FromSeconds(30));
        return new StreamPair(client, await upstream.AcceptAsync().WaitAsync(TimeSpan.FromSeconds(30)));
    }

    private Task<HubProcess> StartAsync(string name, string key, string database)
    {
        var settings = new JsonObject
        {
            ["state"] = $"{database};Port={_postgres.Port};Database=hubs;Username=hub",
            ["tls"] = new JsonObject { ["certPem"] = key, ["keyPem"] = key },
        };
        return HubProcess.StartAsync(_directory.CreateSubdirectory(name).FullName, Target, settings, _network.Machine);
    }
}
