using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Harness.Network;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>The link that other tests rely on does what it is told.</summary>
public sealed class WanLinkTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task The_round_trip_is_twice_the_delay()
    {
        await using var pair = await StartAsync("--delay", "25ms");
        using var echo = new DatagramEcho(pair.Far);
        using var client = pair.Near.CreateSocket(SocketType.Dgram);
        await client.ConnectAsync(echo.EndPoint);

        var best = TimeSpan.MaxValue;
        for (var i = 0; i < 10; i++)
        {
            var clock = Stopwatch.StartNew();
            await client.SendAsync(new byte[100]);
            await client.ReceiveAsync(new byte[100]).WaitAsync(Limit);
            best = clock.Elapsed < best ? clock.Elapsed : best;
        }

        // The delay is at least this; how much more it is depends on the machine's load.
        Assert.InRange(best.TotalMilliseconds, 50, 150);
    }

    [Fact]
    public async Task Packets_are_lost_at_the_given_rate_and_counted()
    {
        const int Sent = 2000;
        await using var pair = await StartAsync("--delay", "1ms", "--loss", "10%");
        using var server = pair.Far.Bind(SocketType.Dgram);
        server.ReceiveBufferSize = 1 << 22;
        using var client = pair.Near.CreateSocket(SocketType.Dgram);
        await client.ConnectAsync(server.LocalEndPoint!);

        for (var i = 0; i < Sent; i++)
            await client.SendAsync(new byte[10]);
        await Eventually.IsTrueAsync(async () => (await pair.CountersAsync(pair.Near))["packets"] >= Sent, "the packets");
        var lost = (await pair.CountersAsync(pair.Near))["lost"];
        Assert.InRange(lost, Sent * 0.07, Sent * 0.13);

        await pair.SetAsync("loss 100%");
        await client.SendAsync(new byte[10]);
        await Eventually.IsTrueAsync(async () => (await pair.CountersAsync(pair.Near))["lost"] == lost + 1, "the last packet's loss");
    }

    [Fact]
    public async Task No_more_passes_than_the_rate_and_what_the_queue_holds()
    {
        await using var pair = await StartAsync("--delay", "5ms", "--rate", "20mbit", "--queue", "10ms");
        var (server, arguments) = pair.Far.Command(DebianProgram.Iperf, "-s", "-1", "--forceflush");
        await using var iperf = ManagedProcess.Start("iperf3", server, arguments);
        await iperf.WaitForLineAsync("listening");
        var (client, more) = pair.Near.Command(DebianProgram.Iperf, "-c", pair.Far.Address.ToString(), "-t", "2", "-J");

        using var report = JsonDocument.Parse((await ManagedProcess.RunAsync(client, more)).Succeeded().StandardOutput);
        var rate = report.RootElement.GetProperty("end").GetProperty("sum_received").GetProperty("bits_per_second").GetDouble();

        Assert.InRange(rate, 2e6, 20e6);
        Assert.True((await pair.CountersAsync(pair.Near))["queueFull"] > 0, "Nothing was dropped by the queue.");
    }

    [Fact]
    public async Task Udp_can_be_blocked_while_tcp_passes()
    {
        await using var pair = await StartAsync();
        using var echo = new DatagramEcho(pair.Far);
        using var listener = pair.Far.Bind(SocketType.Stream);
        using var udp = pair.Near.CreateSocket(SocketType.Dgram);
        await udp.ConnectAsync(echo.EndPoint);
        await udp.SendAsync(new byte[1]);
        await udp.ReceiveAsync(new byte[1]).WaitAsync(Limit);

        await pair.SetAsync("udp off");
        await udp.SendAsync(new byte[1]);
        using var tcp = pair.Near.CreateSocket(SocketType.Stream);
        await tcp.ConnectAsync(listener.LocalEndPoint!).WaitAsync(Limit);
        await Eventually.IsTrueAsync(async () => (await pair.CountersAsync(pair.Near))["blocked"] == 1, "the blocked datagram");

        await pair.SetAsync("udp on");
        await udp.SendAsync(new byte[1]);
        await udp.ReceiveAsync(new byte[1]).WaitAsync(Limit);
    }

    [Fact]
    public async Task The_near_ends_address_can_change_on_the_way()
    {
        await using var pair = await StartAsync();
        using var server = pair.Far.Bind(SocketType.Dgram);
        using var client = pair.Near.Bind(SocketType.Dgram);
        await client.ConnectAsync(server.LocalEndPoint!);

        foreach (var address in new[] { "10.1.0.77", "10.1.0.78" })
        {
            await pair.SetAsync(pair.Near, $"nat {address}");
            await client.SendAsync(new byte[7]);
            var received = await server.ReceiveFromAsync(new byte[10], new IPEndPoint(IPAddress.Any, 0)).WaitAsync(Limit);
            Assert.Equal(IPAddress.Parse(address), ((IPEndPoint)received.RemoteEndPoint).Address);
            await server.SendToAsync(new byte[9], received.RemoteEndPoint);
            Assert.Equal(9, await client.ReceiveAsync(new byte[10]).WaitAsync(Limit));
        }
    }

    [Fact]
    public async Task Nothing_is_left_afterwards()
    {
        var pair = await StartAsync();
        Assert.True(pair.Near.Exists && pair.Far.Exists);
        await pair.DisposeAsync();
        Assert.False(pair.Near.Exists || pair.Far.Exists);
    }

    private static Task<NamespacePair> StartAsync(params string[] options)
    {
        Assert.SkipWhen(NamespacePair.Unavailable is not null, NamespacePair.Unavailable ?? "");
        return NamespacePair.StartAsync(options);
    }
}
