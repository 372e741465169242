using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Programs;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>A port with three real servers behind it, to which happens what happens to servers.</summary>
public sealed class PoolTests : IAsyncDisposable
{
    private const int SigCont = 18;
    private const int SigStop = 19;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-pool-");
    private readonly IPAddress[] _addresses = [LoopbackAddresses.Next(), LoopbackAddresses.Next(), LoopbackAddresses.Next()];
    private readonly ManagedProcess?[] _servers = new ManagedProcess?[3];

    [Fact]
    public async Task Every_client_is_served_while_one_of_three_nginx_dies_hangs_and_answers_500()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: (tcp, _) => new JsonObject
        {
            [$"tcp/{tcp[0]}"] = new JsonObject
            {
                ["targets"] = new JsonArray([.. _addresses.Select(address => new JsonObject { ["host"] = address.ToString() })]),
                ["proxyProtocol"] = "off",
                ["healthCheck"] = new JsonObject
                {
                    ["type"] = "http",
                    ["path"] = "/health",
                    ["interval"] = 1,
                    ["timeout"] = 1,
                    ["unhealthyThreshold"] = 2,
                },
            },
        });
        for (var index = 0; index < 3; index++)
            _servers[index] = await StartAsync(index, setup.Tcp[0]);
        foreach (var index in (int[])[0, 1, 2])
            await WaitAsync(setup, index, "up,");
        AssertShared(await CountAsync(setup, 12), 0, 1, 2);

        // A client that would have come to the dead server is led on, before anybody has found out.
        await _servers[1]!.DisposeAsync();
        AssertShared(await CountAsync(setup, 12), 0, 2);
        await WaitAsync(setup, 1, "down since", "connection refused, 2 of 2 checks");
        _servers[1] = await StartAsync(1, setup.Tcp[0]);
        await WaitAsync(setup, 1, "up,");
        AssertShared(await CountAsync(setup, 12), 0, 1, 2);

        // The kernel still accepts for a server that hangs; only the check notices.
        _servers[0]!.Signal(SigStop);
        await WaitAsync(setup, 0, "down since", "answer time-out, 2 of 2 checks");
        AssertShared(await CountAsync(setup, 8), 1, 2);
        _servers[0]!.Signal(SigCont);
        await WaitAsync(setup, 0, "up,");

        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "2", "sick"), "");
        await WaitAsync(setup, 2, "down since", "status 500, 2 of 2 checks");
        AssertShared(await CountAsync(setup, 8), 0, 1);
        File.Delete(Path.Combine(_directory.FullName, "2", "sick"));
        await WaitAsync(setup, 2, "up,");
        AssertShared(await CountAsync(setup, 12), 0, 1, 2);
    }

    [Fact]
    public async Task Thousands_of_connections_are_spread_by_weight()
    {
        const int count = 10_000;
        int[] weights = [5, 3, 2];
        await using var setup = await TunnelSetup.StartAsync(policies: (tcp, _) => new JsonObject
        {
            [$"tcp/{tcp[0]}"] = new JsonObject
            {
                ["targets"] = new JsonArray(
                    [
                        .. _addresses.Select(
                            (address, index) => new JsonObject { ["host"] = address.ToString(), ["weight"] = weights[index] })]),
                ["proxyProtocol"] = "off",
            },
        });
        for (var index = 0; index < 3; index++)
            _servers[index] = await StartAsync(index, setup.Tcp[0]);
        var parts = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => CountAsync(setup, count / 10)));
        for (var index = 0; index < 3; index++)
        {
            var fair = count * weights[index] / weights.Sum();
            Assert.InRange(parts.Sum(part => part[index]), fair * 0.97, fair * 1.03);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            if (server is not null)
                await server.DisposeAsync();
        }

        _directory.Delete(recursive: true);
    }

    private Task<ManagedProcess> StartAsync(int index, int port)
    {
        var directory = _directory.CreateSubdirectory($"{index}").FullName;
        var endPoint = new IPEndPoint(_addresses[index], port);
        return NginxServer.StartAsync(directory, endPoint, $$"""
            access_log off;
            server {
              listen {{endPoint}};
              location / { return 200 "server {{index}}"; }
              location = /health {
                if (-f {{directory}}/sick) { return 500; }
                return 200 "well";
              }
            }
            """);
    }

    private Task WaitAsync(TunnelSetup setup, int index, params string[] words) =>
        ShownTargets.WaitAsync(setup, $"tcp/{setup.Tcp[0]}", _addresses[index], words);

    // The servers take turns, to within two: what a server missed or got too much of before is evened out.
    private static void AssertShared(int[] served, params int[] working)
    {
        var fair = served.Sum() / working.Length;
        for (var index = 0; index < served.Length; index++)
        {
            if (working.Contains(index))
                Assert.InRange(served[index], fair - 2, fair + 2);
            else
                Assert.Equal(0, served[index]);
        }
    }

    /// <summary>Asks so many times, one after the other, and returns how often each server has answered.</summary>
    private static async Task<int[]> CountAsync(TunnelSetup setup, int clients)
    {
        var served = new int[3];
        for (var i = 0; i < clients; i++)
        {
            using var client = await setup.ConnectAsync(setup.Tcp[0]);
            await client.SendAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray());
            var answer = new List<byte>();
            var buffer = new byte[4096];
            while (await client.ReceiveAsync(buffer).WaitAsync(TimeSpan.FromSeconds(30)) is > 0 and var count)
                answer.AddRange(buffer.AsSpan(0, count));
            var text = Encoding.ASCII.GetString([.. answer]);
            Assert.StartsWith("HTTP/1.1 200", text, StringComparison.Ordinal);
            served[text[^1] - '0']++;
        }

        return served;
    }
}
