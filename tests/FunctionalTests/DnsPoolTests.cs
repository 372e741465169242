using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Programs;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>A UDP port with two dnsdist behind it, one of which dies and comes back.</summary>
public sealed class DnsPoolTests : IAsyncDisposable
{
    // The query is "a.test A", as a client asks and as the hub checks.
    private static readonly byte[] Question = Convert.FromHexString("123401000001000000000000" + "016104746573740000010001");
    private static readonly string[] Answers = ["10.99.1.1", "10.99.1.2"];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-dns-");
    private readonly IPAddress[] _addresses = [LoopbackAddresses.Next(), LoopbackAddresses.Next()];
    private readonly IPAddress _client = LoopbackAddresses.Next();
    private readonly ManagedProcess?[] _servers = new ManagedProcess?[2];
    private readonly List<UdpClient> _clients = [];

    [Fact]
    public async Task Sessions_stay_with_their_dnsdist_and_leave_it_when_it_dies()
    {
        await using var setup = await TunnelSetup.StartAsync(tcp: 0, udp: 1, policies: (_, udp) => new JsonObject
        {
            [$"udp/{udp[0]}"] = new JsonObject
            {
                ["targets"] = new JsonArray([.. _addresses.Select(address => new JsonObject { ["host"] = address.ToString() })]),
                ["healthCheck"] = new JsonObject
                {
                    ["type"] = "udp",
                    ["send"] = $"hex:{Convert.ToHexStringLower(Question)}",
                    ["interval"] = 1,
                    ["timeout"] = 1,
                    ["unhealthyThreshold"] = 2,
                },
            },
        });
        for (var index = 0; index < 2; index++)
            _servers[index] = await StartAsync(index, setup.Udp[0]);
        foreach (var address in _addresses)
            await ShownTargets.WaitAsync(setup, $"udp/{setup.Udp[0]}", address, "up,");

        // The targets take turns, and a client that asks again stays with its target.
        for (var i = 0; i < 6; i++)
            _clients.Add(Connect(setup));
        var first = await AskAllAsync();
        Assert.Equal([3, 3], Answers.Select(answer => first.Count(got => got == answer)));
        Assert.Equal(first, await AskAllAsync());

        await _servers[1]!.DisposeAsync();
        await ShownTargets.WaitAsync(setup, $"udp/{setup.Udp[0]}", _addresses[1], "down since", "2 of 2 checks");
        Assert.All(await AskAllAsync(), answer => Assert.Equal(Answers[0], answer));

        _servers[1] = await StartAsync(1, setup.Udp[0]);
        await ShownTargets.WaitAsync(setup, $"udp/{setup.Udp[0]}", _addresses[1], "up,");
        // A client that has moved stays where it is; new clients come to both targets again.
        Assert.All(await AskAllAsync(), answer => Assert.Equal(Answers[0], answer));
        await Eventually.IsTrueAsync(
            async () =>
            {
                using var client = Connect(setup);
                return await AskAsync(client) == Answers[1];
            },
            "a new client comes to the one that is back");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            client.Dispose();
        foreach (var server in _servers)
        {
            if (server is not null)
                await server.DisposeAsync();
        }

        _directory.Delete(recursive: true);
    }

    private Task<ManagedProcess> StartAsync(int index, int port) => DnsdistServer.StartAsync(
        _directory.CreateSubdirectory($"{index}").FullName, new IPEndPoint(_addresses[index], port), _client, Answers[index]);

    private UdpClient Connect(TunnelSetup setup)
    {
        var client = new UdpClient(new IPEndPoint(_client, 0));
        client.Connect(setup.EdgeAddress, setup.Udp[0]);
        return client;
    }

    private async Task<string[]> AskAllAsync()
    {
        var answers = new string[_clients.Count];
        for (var i = 0; i < answers.Length; i++)
            answers[i] = await AskAsync(_clients[i]);
        return answers;
    }

    // Asks again when a datagram was lost, as resolvers do. An answer ends with its target's address.
    private static async Task<string> AskAsync(UdpClient client)
    {
        for (var attempt = 0; attempt < 10; attempt++)
        {
            await client.SendAsync(Question);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(3));
            try
            {
                var answer = (await client.ReceiveAsync(limit.Token)).Buffer;
                return new IPAddress(answer.AsSpan(answer.Length - 4)).ToString();
            }
            catch (OperationCanceledException)
            {
                // The datagram was lost.
            }
        }

        return "none";
    }
}
