using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Programs;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Real servers behind the hub see each client's own address.</summary>
public sealed class ProxyHeaderTests
{
    [Theory]
    [InlineData("tcpTls")]
    [InlineData("quic")]
    public async Task Nginx_logs_the_addresses_of_ipv4_and_ipv6_clients_of_a_dual_stack_edge(string transport)
    {
        QuicRequired.CheckFor(transport);
        var upstreamPort = FreePorts.Next();
        await using var setup = await TunnelSetup.StartAsync(
            edgeAddress: IPAddress.IPv6Any,
            policies: (tcp, _) => new JsonObject { [$"tcp/{tcp[0]}"] = new JsonObject { ["targetPort"] = upstreamPort } },
            edgeArguments: ["--transport", transport]);
        await using var nginx = await NginxServer.StartAsync(setup.Directory, new IPEndPoint(setup.TargetAddress, upstreamPort));
        var source = LoopbackAddresses.Next();

        foreach (var (edge, client) in new[] { (IPAddress.Loopback, source), (IPAddress.IPv6Loopback, IPAddress.IPv6Loopback) })
        {
            var seen = await CurlAsync(new IPEndPoint(edge, setup.Tcp[0]), client);

            Assert.Equal(client.ToString(), seen.Split('\n')[0]);
            await NginxServer.WaitForLogAsync(setup.Directory, $"client {client} {seen.Split('\n')[1]} at {edge} {setup.Tcp[0]}");
        }
    }

    [Fact]
    public async Task Haproxy_takes_v1_and_v2()
    {
        await using var setup = await TunnelSetup.StartAsync(tcp: 2, policies: (tcp, _) => new JsonObject
        {
            [$"tcp/{tcp[0]}"] = new JsonObject { ["proxyProtocol"] = "v1" },
            [$"tcp/{tcp[1]}"] = new JsonObject { ["proxyProtocol"] = "v2" },
        });
        await using var haproxy = await HaproxyServer.StartAsync(
            setup.Directory, [.. setup.Tcp.Select(port => new IPEndPoint(setup.TargetAddress, port))]);
        var source = LoopbackAddresses.Next();

        foreach (var port in setup.Tcp)
        {
            var lines = (await CurlAsync(new IPEndPoint(setup.EdgeAddress, port), source)).Split('\n');

            Assert.Equal($"{source} {lines[1]}", lines[0]);
        }
    }

    [Theory]
    [InlineData("tcpTls")]
    [InlineData("quic")]
    public async Task One_id_joins_the_logs_of_edge_and_hub_the_list_of_connections_and_haproxy(string transport)
    {
        QuicRequired.CheckFor(transport);
        await using var setup = await TunnelSetup.StartAsync(
            policies: (tcp, _) => new JsonObject { [$"tcp/{tcp[0]}"] = new JsonObject { ["proxyTlvs"] = true, ["logConnections"] = true } },
            edgeArguments: ["--transport", transport, "--log-level", "debug"]);
        await using var haproxy = await HaproxyServer.StartAsync(
            setup.Directory, "%[src] %[fc_pp_unique_id]", new IPEndPoint(setup.TargetAddress, setup.Tcp[0]));
        var source = LoopbackAddresses.Next();

        var words = (await CurlAsync(new IPEndPoint(setup.EdgeAddress, setup.Tcp[0]), source)).Split('\n')[0].Split(' ');

        Assert.Equal(source.ToString(), words[0]);
        Assert.Matches("^[0-9a-f]{32}$", words[1]);
        await Eventually.IsTrueAsync(() => setup.Hub.Process.Log.Contains(words[1], StringComparison.Ordinal), "the hub's log has the id");
        await Eventually.IsTrueAsync(
            () => setup.Edge.Process.Log.Contains(words[1], StringComparison.Ordinal), "the edge's log has the id");
        await Eventually.IsTrueAsync(
            async () => (await setup.Hub.SendAsync(HttpMethod.Get, "api/v1/connections")).Body.Contains(words[1], StringComparison.Ordinal),
            "the list has the id");
    }

    [Theory]
    [InlineData("tcpTls")]
    [InlineData("quic")]
    public async Task Dnsdist_answers_over_udp_by_the_clients_address(string transport)
    {
        QuicRequired.CheckFor(transport);
        await using var setup = await TunnelSetup.StartAsync(tcp: 0, udp: 1, edgeArguments: ["--transport", transport]);
        var (welcome, stranger) = (LoopbackAddresses.Next(), LoopbackAddresses.Next());
        await using var dnsdist = await DnsdistServer.StartAsync(
            setup.Directory, new IPEndPoint(setup.TargetAddress, setup.Udp[0]), welcome);

        Assert.Contains($"\tA\t{DnsdistServer.Answer}", await DigAsync(setup, welcome));
        Assert.Contains("status: REFUSED", await DigAsync(setup, stranger));
    }

    [Theory]
    [InlineData("each", true, true)]
    [InlineData("first", true, false)]
    [InlineData("off", false, false)]
    public async Task Udp_headers_are_on_each_datagram_on_the_first_or_on_none(string policy, bool onFirst, bool onSecond)
    {
        await using var setup = await TunnelSetup.StartAsync(
            tcp: 0, udp: 1, policies: (_, udp) => new JsonObject { [$"udp/{udp[0]}"] = new JsonObject { ["udpProxyProtocol"] = policy } });
        using var upstream = new UdpClient(new IPEndPoint(setup.TargetAddress, setup.Udp[0]));
        for (var tries = 1; ; tries++)
        {
            try
            {
                await AskTwiceAsync(setup, upstream, onFirst, onSecond);
                return;
            }
            catch (TimeoutException) when (tries < 5)
            {
                // A datagram that waits for too long on a busy machine is dropped. Another client makes another session.
            }
        }
    }

    private static async Task AskTwiceAsync(TunnelSetup setup, UdpClient upstream, bool onFirst, bool onSecond)
    {
        while (upstream.Available > 0)
            await upstream.ReceiveAsync();
        using var client = new UdpClient(new IPEndPoint(LoopbackAddresses.Next(), 0));
        client.Connect(setup.EdgeAddress, setup.Udp[0]);

        foreach (var hasHeader in new[] { onFirst, onSecond })
        {
            await client.SendAsync("hello"u8.ToArray());
            var datagram = await upstream.ReceiveAsync().WaitAsync(TimeSpan.FromSeconds(10));
            await upstream.SendAsync("answer"u8.ToArray(), datagram.RemoteEndPoint);
            var answer = await client.ReceiveAsync().WaitAsync(TimeSpan.FromSeconds(10));

            // The PROXY v2 header has 28 bytes for IPv4: the source address is at 16, the source port at 24.
            Assert.Equal(hasHeader ? 28 + 5 : 5, datagram.Buffer.Length);
            if (hasHeader)
            {
                var local = (IPEndPoint)client.Client.LocalEndPoint!;
                Assert.Equal(local.Address, new IPAddress(datagram.Buffer.AsSpan(16, 4)));
                Assert.Equal(local.Port, (datagram.Buffer[24] << 8) | datagram.Buffer[25]);
            }

            Assert.Equal("hello"u8, datagram.Buffer.AsSpan(datagram.Buffer.Length - 5));
            Assert.Equal("answer"u8, answer.Buffer);
        }
    }

    // Returns the body and, in a second line, the port that curl came from.
    private static async Task<string> CurlAsync(IPEndPoint edge, IPAddress source)
    {
        var result = await ManagedProcess.RunAsync(
            DebianProgram.Curl,
            ["-sS", "--noproxy", "*", "--max-time", "20", "--interface", source.ToString(), "-w", "\n%{local_port}", $"http://{edge}/"]);
        return string.Join('\n', result.Succeeded().StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static async Task<string> DigAsync(TunnelSetup setup, IPAddress source)
    {
        var result = await ManagedProcess.RunAsync(
            DebianProgram.Dig, [
                "-b", source.ToString(), $"@{setup.EdgeAddress}", "-p", $"{setup.Udp[0]}", "+notcp", "+tries=2", "+time=5", "example.org",
                "A"]);
        return result.Succeeded().StandardOutput;
    }
}
