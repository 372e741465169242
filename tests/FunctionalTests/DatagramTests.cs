using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Sockets;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>UDP works with many sessions, and with upstreams as they are.</summary>
[Collection(HeavyTests.Name)]
public sealed class DatagramTests
{
    private const int Clients = 10_000;

    // So many fit into the kernel's smallest buffers.
    private const int Wave = 100;

    [Fact]
    public async Task Ten_thousand_clients_at_once_are_each_answered_with_their_own()
    {
        Assert.SkipWhen(DescriptorLimit.Read().Hard < 2 * Clients, $"Needs {2 * Clients} descriptors.");
        await using var setup = await StartAsync();
        using var echo = Echo(setup);
        var address = LoopbackAddresses.Next();
        var clients = new List<Socket>();
        try
        {
            for (var number = 0; number < Clients; number++)
                clients.Add(Connect(setup, address));
            foreach (var wave in clients.Index().Chunk(Wave))
                await AskAllAsync(wave);

            var edge = (await setup.Edge.StatusAsync())!.Value;
            Assert.Equal(Clients, edge.GetProperty("activeSessions").GetInt32());
            Assert.Equal(Clients, (await setup.Hub.StatusAsync()).GetProperty("activeSessions").GetInt32());

            // All of them ask once more, now that all sessions are there.
            foreach (var wave in clients.Index().Reverse().Chunk(Wave))
                await AskAllAsync(wave);
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task Tcp_streams_go_on_through_a_flood_of_datagrams()
    {
        await using var setup = await StartAsync();
        using var echo = Echo(setup);
        using var listener = setup.Listen(setup.Tcp[0]);
        using var pair = await setup.OpenAsync(listener, setup.Tcp[0]);
        using var stop = new CancellationTokenSource();
        var flood = Task.Run(() => Flood(setup, stop.Token));

        for (var round = 0; round < 300; round++)
            await pair.AssertEchoAsync();

        await stop.CancelAsync();
        Assert.InRange(await flood, 1_000, long.MaxValue);

        // No more sessions were told than the table holds, and a new client is served.
        using var client = Connect(setup, LoopbackAddresses.Next());
        await AskAllAsync([(0, client)]);
        Assert.InRange((await setup.Edge.StatusAsync())!.Value.GetProperty("activeSessions").GetInt32(), 1, 65_536);
    }

    [Fact]
    public async Task An_upstream_that_dies_is_counted_and_one_that_returns_is_found_by_the_same_session()
    {
        await using var setup = await StartAsync();
        using var client = Connect(setup, LoopbackAddresses.Next());
        using (Echo(setup))
            await AskAllAsync([(1, client)]);

        await Eventually.IsTrueAsync(
            async () =>
            {
                await client.SendAsync(new byte[4]);
                return (await setup.Hub.StatusAsync()).GetProperty("sessionFailures").GetProperty("refused").GetInt64() > 0;
            },
            "the ICMP answers to be counted");
        Assert.Equal(0, client.Available);

        using var returned = Echo(setup);
        await AskAllAsync([(2, client)]);
        Assert.Equal(1, (await setup.Hub.StatusAsync()).GetProperty("activeSessions").GetInt32());
    }

    /// <summary>Lets each session end by idleness just before, or as, its client sends again.</summary>
    [Theory]
    [InlineData("tcpTls")]
    [InlineData("quic")]
    public async Task No_datagram_is_lost_to_the_end_of_an_idle_session_nor_unseen(string transport)
    {
        QuicRequired.CheckFor(transport);
        const int Rounds = 12;
        await using var setup = await StartAsync(idleTimeout: 1, transport);
        var received = 0;
        using var upstream = Echo(setup, () => Interlocked.Increment(ref received));
        var address = LoopbackAddresses.Next();
        var clients = Enumerable.Range(0, 150).Select(_ => Connect(setup, address)).ToArray();
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var client in clients)
            {
                await client.SendAsync(new byte[4]);
                await Task.Delay(TimeSpan.FromMilliseconds(1250.0 / clients.Length));
            }
        }

        var sent = Rounds * clients.Length;
        await Eventually.IsTrueAsync(
            async () => Volatile.Read(ref received) + await DroppedAsync(setup) >= sent, "each datagram to be delivered or counted");
        var hub = (await setup.Hub.StatusAsync()).GetProperty("datagramsDropped");
        Assert.Equal((0, 0), (hub.GetProperty("tunnelUnknownSession").GetInt64(), hub.GetProperty("sessionGone").GetInt64()));
        foreach (var client in clients)
            client.Dispose();
    }

    [Theory]
    [InlineData("tcpTls")]
    [InlineData("quic")]
    public async Task Under_overload_each_datagram_is_delivered_or_counted(string transport)
    {
        QuicRequired.CheckFor(transport);
        await using var setup = await StartAsync(idleTimeout: 600, transport);
        var received = 0;
        using var upstream = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20 };
        upstream.Bind(new IPEndPoint(setup.TargetAddress, setup.Udp[0]));
        new Thread(() =>
        {
            try
            {
                for (var buffer = new byte[65_536]; ; received++)
                    upstream.Receive(buffer);
            }
            catch (SocketException)
            {
                // The test is over.
            }
        })
        { IsBackground = true }.Start();

        var address = LoopbackAddresses.Next();
        var clients = Enumerable.Range(0, 20).Select(_ => Connect(setup, address)).ToArray();
        var sent = 0;
        for (var number = 0; number < 20_000; number++)
        {
            sent++;
            clients[number % clients.Length].Send(new byte[number % 100 == 0 ? 20_000 : 800]);
        }

        await Eventually.IsTrueAsync(
            async () => Volatile.Read(ref received) + await DroppedAsync(setup) + DatagramReceiver.Overflows(upstream.SafeHandle) >= sent,
            "each datagram to be delivered or counted");
        Assert.Equal(sent, Volatile.Read(ref received) + await DroppedAsync(setup) + DatagramReceiver.Overflows(upstream.SafeHandle));
        foreach (var client in clients)
            client.Dispose();
    }

    private static async Task<long> DroppedAsync(TunnelSetup setup)
    {
        var edge = (await setup.Edge.StatusAsync())!.Value.GetProperty("datagramsDropped");
        var hub = (await setup.Hub.StatusAsync()).GetProperty("datagramsDropped");
        return edge.EnumerateObject().Concat(hub.EnumerateObject()).Sum(reason => reason.Value.GetInt64());
    }

    private static Task<TunnelSetup> StartAsync(int idleTimeout = 600, string transport = "tcpTls") => TunnelSetup.StartAsync(
        udp: 1,
        policies: (_, udp) => new JsonObject
        {
            ["default"] = new JsonObject { ["proxyProtocol"] = "off" },
            [$"udp/{udp[0]}"] = new JsonObject { ["udpProxyProtocol"] = "off", ["idleTimeout"] = idleTimeout },
        },
        edgeArguments: ["--transport", transport]);

    private static Socket Connect(TunnelSetup setup, IPAddress source)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(source, 0));
        socket.Connect(new IPEndPoint(setup.EdgeAddress, setup.Udp[0]));
        return socket;
    }

    private static Socket Echo(TunnelSetup setup, Action? onDatagram = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(setup.TargetAddress, setup.Udp[0]));
        new Thread(() =>
        {
            var buffer = new byte[2048];
            try
            {
                while (true)
                {
                    EndPoint from = new IPEndPoint(IPAddress.Any, 0);
                    var length = socket.ReceiveFrom(buffer, ref from);
                    onDatagram?.Invoke();
                    socket.SendTo(buffer.AsSpan(0, length), from);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test is over, or has let the upstream die.
            }
        })
        { IsBackground = true }.Start();
        return socket;
    }

    /// <summary>Makes each client send its number until it has the answer, and checks that nobody gets another's.</summary>
    private static async Task AskAllAsync(IEnumerable<(int Index, Socket Item)> clients)
    {
        var waiting = clients.ToList();
        var answer = new byte[64];
        await Eventually.IsTrueAsync(
            async () =>
            {
                foreach (var (number, client) in waiting)
                {
                    BinaryPrimitives.WriteInt32BigEndian(answer, number);
                    await client.SendAsync(answer.AsMemory(0, 4));
                }

                foreach (var (number, client) in waiting.ToList())
                {
                    if (!client.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectRead))
                        continue;
                    Assert.Equal(4, await client.ReceiveAsync(answer));
                    Assert.Equal(number, BinaryPrimitives.ReadInt32BigEndian(answer));
                    waiting.Remove((number, client));
                }

                return waiting.Count == 0;
            },
            "answers", TimeSpan.FromSeconds(60), () => $"{waiting.Count} clients have none.");
        foreach (var (_, client) in clients)
        {
            // These are the answers to repetitions.
            while (client.Available > 0)
                await client.ReceiveAsync(answer);
        }
    }

    private static long Flood(TunnelSetup setup, CancellationToken cancellationToken)
    {
        var payload = new byte[1200];
        long sent = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            using var socket = Connect(setup, LoopbackAddresses.Next());
            socket.Blocking = false;
            for (var i = 0; i < 20; i++)
            {
                socket.Send(payload, SocketFlags.None, out var error);
                sent += error == SocketError.Success ? 1 : 0;
            }
        }

        return sent;
    }
}
