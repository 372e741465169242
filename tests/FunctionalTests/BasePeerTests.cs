using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Peers that speak the base protocol only, without HELLO or any extension, are served; the test writes their bytes.</summary>
public sealed class BasePeerTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task The_hub_serves_a_base_edge()
    {
        await using var setup = await TunnelSetup.StartAsync();
        var (tcp, udp) = (FreePorts.Next(), FreePorts.Next());
        Assert.True(ConnectionToken.TryDecode(await setup.Hub.AddEdgeAsync("base", [tcp], [udp]), out var token, out _));
        using var upstream = setup.Listen(tcp);
        using var datagrams = new UdpClient(new IPEndPoint(setup.TargetAddress, udp));

        using var edge = await TunnelPeer.ConnectAsync(setup.Hub.EndPoint);
        await edge.SendAsync($"EDGE base {token.Secret}\n");
        using var config = JsonDocument.Parse(await edge.ReadLineAsync());
        Assert.Equal(tcp, config.RootElement.GetProperty("listenPorts")[0].GetInt32());
        Assert.Equal(udp, config.RootElement.GetProperty("listenPortsUdp")[0].GetInt32());

        await CarryStreamAsync(edge, upstream, tcp);
        await CarrySessionAsync(edge, datagrams, udp);
        await AnswerPingAsync(edge);
        await TakeConfigAsync(setup, edge, tcp);
    }

    [Fact]
    public async Task The_edge_serves_a_base_hub_and_says_nothing_that_it_does_not_know()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var rawHub = new RawHub(listener);
        var (address, port) = (LoopbackAddresses.Next(), FreePorts.Next());
        var directory = Directory.CreateTempSubdirectory("tunnel-base-hub-");
        try
        {
            await using var edge = EdgeProcess.Start(
                directory.FullName, rawHub.TokenFor("some-edge", "a-secret-of-the-base-kind"), address);
            using var hub = await rawHub.AcceptAsync();
            Assert.Equal("EDGE some-edge a-secret-of-the-base-kind", await hub.ReadLineAsync());
            await hub.SendAsync($$$"""{"listenPorts":[{{{port}}}],"listenPortsUdp":[],"futureMember":{"x":1}}""" + "\n");
            await edge.WaitForPortsAsync([port], []);
            await ServeStreamAsync(hub, new IPEndPoint(address, port));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task CarryStreamAsync(TunnelPeer edge, TcpListener upstream, int port)
    {
        await edge.SendFrameAsync(1, FrameTypes.Open, Encoding.ASCII.GetBytes($"PROXY TCP4 203.0.113.9 192.0.2.1 5555 {port}\r\n"));
        await edge.SendFrameAsync(1, FrameTypes.Data, "from the client"u8.ToArray());
        using var server = await upstream.AcceptSocketAsync().WaitAsync(Limit);
        var expected = $"PROXY TCP4 203.0.113.9 192.0.2.1 5555 {port}\r\nfrom the client";
        Assert.Equal(expected, Encoding.ASCII.GetString(await server.ReceiveExactlyAsync(expected.Length)));

        await server.SendAllAsync("from the upstream"u8.ToArray());
        var (stream, payload) = await edge.ReadFrameAsync(FrameTypes.DataBack);
        Assert.Equal((1u, "from the upstream"), (stream, Encoding.ASCII.GetString(payload)));

        await edge.SendFrameAsync(1, FrameTypes.Close, []);
        Assert.Equal((0, StreamEnd.Finished), await server.DrainAsync());
        server.Shutdown(SocketShutdown.Send);
        Assert.Equal(1u, (await edge.ReadFrameAsync(FrameTypes.CloseBack)).Stream);
    }

    private static async Task CarrySessionAsync(TunnelPeer edge, UdpClient upstream, int port)
    {
        byte[] header =
        [
            .. "\r\n\r\n\0\r\nQUIT\n"u8, 0x21, 0x12, 0, 12, 203, 0, 113, 9, 192, 0, 2, 1, 0x15, 0xB3, (byte)(port >> 8), (byte)port,
        ];
        await edge.SendFrameAsync(2, FrameTypes.UdpOpen, header);
        await edge.SendFrameAsync(2, FrameTypes.UdpData, "a datagram"u8.ToArray());
        var received = await upstream.ReceiveAsync().WaitAsync(Limit);
        Assert.Equal([.. header, .. "a datagram"u8], received.Buffer);

        await upstream.SendAsync("its answer"u8.ToArray(), received.RemoteEndPoint);
        var (session, payload) = await edge.ReadFrameAsync(FrameTypes.UdpDataBack);
        Assert.Equal((2u, "its answer"), (session, Encoding.ASCII.GetString(payload)));
    }

    // Answers a ping, which comes every 15 s and is empty towards a base peer.
    private static async Task AnswerPingAsync(TunnelPeer edge)
    {
        var (stream, payload) = await edge.ReadFrameAsync(FrameTypes.Ping);
        Assert.Equal((0u, 0), (stream, payload.Length));
        await edge.SendFrameAsync(0, FrameTypes.Pong, []);
    }

    private static async Task TakeConfigAsync(TunnelSetup setup, TunnelPeer edge, int port)
    {
        await setup.Hub.PutEdgeAsync("base", [port, FreePorts.Next()], []);
        using var config = JsonDocument.Parse((await edge.ReadFrameAsync(FrameTypes.Config)).Payload);
        Assert.Equal(2, config.RootElement.GetProperty("listenPorts").GetArrayLength());
    }

    private static async Task ServeStreamAsync(TunnelPeer hub, IPEndPoint edge)
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(edge);
        await client.SendAllAsync("hello"u8.ToArray());
        var local = (IPEndPoint)client.LocalEndPoint!;

        // The first frame is the stream's: there are no HELLO and no REPORT, and no PORT line behind the header.
        var open = await hub.ReadFrameAsync();
        Assert.Equal(
            (1u, FrameTypes.Open, $"PROXY TCP4 {local.Address} {edge.Address} {local.Port} {edge.Port}\r\n"),
            (open.Stream, open.Type, Encoding.ASCII.GetString(open.Payload)));
        var (stream, payload) = await hub.ReadFrameAsync(FrameTypes.Data);
        Assert.Equal((1u, "hello"), (stream, Encoding.ASCII.GetString(payload)));

        await hub.SendFrameAsync(0, FrameTypes.Ping, []);
        await hub.ReadFrameAsync(FrameTypes.Pong);
        await hub.SendFrameAsync(1, FrameTypes.DataBack, "hello yourself"u8.ToArray());
        Assert.Equal("hello yourself", Encoding.ASCII.GetString(await client.ReceiveExactlyAsync(14)));

        // Towards a base peer an abort is CLOSE.
        client.Reset();
        Assert.Equal(1u, (await hub.ReadFrameAsync(FrameTypes.Close)).Stream);
    }
}
