using System.Net;
using System.Net.Sockets;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Forwarding.Entering;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Sni;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities.Processes;
using Tunnel.TestUtilities.Wire;

namespace Tunnel.Hub.UnitTests.Forwarding;

/// <summary>Clients are led by the name that their TLS asks for, with real sockets behind, and the bytes stay as they were.</summary>
public sealed class NameRoutingTests : IDisposable
{
    private static readonly TlsDefinition Passthrough = new() { Passthrough = true };

    private readonly Socket _own = Listen();
    private readonly Socket _www = Listen();
    private readonly Socket _wild = Listen();
    private readonly ForwardingFixture _hub = new();

    public static TheoryData<string, byte[], string> Hellos => new()
    {
        { "www", ClientHellos.OpenSslTls13, "www" },
        { "www in capitals", ClientHellos.OpenSslTls12, "www" },
        { "in two records", ClientHellos.SmallRecords, "www" },
        { "curl", ClientHellos.Curl, "wild" },
        { "two segments", ClientHellos.PostQuantum, "wild" },
        { "encrypted, with an outer name", ClientHellos.WithEncryptedHello, "wild" },
        { "no name", ClientHellos.WithoutName, "own" },
        { "another name", ClientHellos.Make("www.example.org", []), "own" },
        { "the wildcard's own name", ClientHellos.Make("example.com", []), "own" },
    };

    [Theory]
    [MemberData(nameof(Hellos))]
    public async Task The_name_decides_and_the_upstream_gets_every_byte(string what, byte[] hello, string target)
    {
        Connect(Passthrough);
        var listener = target switch
        {
            "www" => _www,
            "wild" => _wild,
            _ => _own,
        };
        foreach (var size in new[] { hello.Length, 1_000, 1 })
        {
            var stream = _hub.OpenStream();
            var client = await stream.AttachedAsync();
            client.Start(stream);
            await WriteAsync(client, hello, size);
            using var upstream = await listener.AcceptAsync().WaitAsync(Patience.Limit);
            await WriteAsync(client, "and what follows"u8.ToArray(), 5);
            byte[] expected = [.. hello, .. "and what follows"u8];
            Assert.Equal(expected, await ReceiveAsync(upstream, expected.Length));
            client.ShutdownWrite();
            Assert.Equal(0, await upstream.ReceiveAsync(new byte[1]).WaitAsync(Patience.Limit));
            Assert.False(stream.WasReset, what);
            stream.EndByPeer();
        }
    }

    [Fact]
    public async Task The_connection_is_listed_with_the_target_that_its_name_has()
    {
        Connect(Passthrough);
        var stream = _hub.OpenStream();
        await WriteAsync(await stream.AttachedAsync(), ClientHellos.Curl, 100);
        using var upstream = await _wild.AcceptAsync().WaitAsync(Patience.Limit);
        await Eventually.IsTrueAsync(() => _hub.Traffic.Live().Single().Target == _wild.LocalEndPoint!.ToString(), "the target is listed");
        Assert.Equal(1, _hub.Pools.Find(new PoolKey("a", false, 80, "*.example.com"))!.Describe().Single().ActiveConnections);
    }

    [Theory]
    [InlineData("notTls")]
    [InlineData("helloTooLong")]
    [InlineData("unknownName")]
    [InlineData("clientGone")]
    public async Task Others_are_reset_and_counted_and_no_upstream_is_asked(string failure)
    {
        Connect(Passthrough with { StrictSni = true });
        var stream = _hub.OpenStream();
        var client = await stream.AttachedAsync();
        var bytes = failure switch
        {
            "notTls" => "GET / HTTP/1.1\r\n\r\n"u8.ToArray(),
            "helloTooLong" => ClientHellos.Huge,
            "unknownName" => ClientHellos.WithoutName,
            _ => ClientHellos.Curl[..50],
        };
        await WriteAsync(client, bytes[..Math.Min(bytes.Length, ClientHelloReader.MaxLength)], 700);
        if (failure == "clientGone")
            client.ShutdownWrite();
        Assert.Equal(failure == "clientGone" ? ResetReason.Unspecified : ResetReason.Policy, await stream.ResetAsync());
        Assert.Equal(1, _hub.Streams.Failures.Snapshot()[failure]);
        Assert.True(_hub.Traffic.Ports.Single().Health.IsHealthy);
        Assert.False(_own.Poll(0, SelectMode.SelectRead));
    }

    [Fact]
    public async Task A_client_that_is_slow_with_its_hello_is_reset_after_five_seconds()
    {
        Connect(Passthrough);
        var timers = _hub.Time.WaitingTimers;
        var stream = _hub.OpenStream();
        var client = await stream.AttachedAsync();
        await Eventually.IsTrueAsync(() => _hub.Time.WaitingTimers > timers, "the limit runs");
        for (var i = 0; i < 4; i++)
        {
            // Single bytes do not give the client more time.
            await WriteAsync(client, ClientHellos.Curl[i..(i + 1)], 1);
            _hub.Time.Advance(HelloStep.Limit / 5);
        }

        Assert.False(stream.WasReset);
        _hub.Time.Advance(HelloStep.Limit / 5);
        Assert.Equal(ResetReason.Policy, await stream.ResetAsync());
        Assert.Equal(1, _hub.Streams.Failures.Snapshot()["helloTimeout"]);
    }

    [Fact]
    public async Task The_slowest_gives_way_when_too_many_are_waited_for()
    {
        Connect(Passthrough);
        var timers = _hub.Time.WaitingTimers;
        var first = _hub.OpenStream();
        await first.AttachedAsync();
        await Eventually.IsTrueAsync(() => _hub.Time.WaitingTimers > timers, "the first waits");
        for (var i = 0; i < HelloStep.MaxWaiting; i++)
            _hub.OpenStream();

        // The last one takes its place at a moment that nothing shows.
        var reset = first.ResetAsync();
        await Eventually.IsTrueAsync(
            () =>
            {
                _hub.Time.Advance(TimeSpan.FromMilliseconds(1));
                return reset.IsCompleted;
            },
            "the first gives way");
        Assert.Equal(ResetReason.Overloaded, await reset);
        Assert.Equal(1, _hub.Streams.Failures.Snapshot()["tooManyHandshakes"]);
    }

    [Fact]
    public async Task A_route_that_was_taken_out_meanwhile_has_no_target()
    {
        Connect(Passthrough);
        var stream = _hub.OpenStream();
        var client = await stream.AttachedAsync();
        _hub.Pools.Keep("a", static _ => false);
        await WriteAsync(client, ClientHellos.OpenSslTls13, 100);
        Assert.Equal(ResetReason.Unreachable, await stream.ResetAsync());
        Assert.Empty(_hub.Pools.All);
    }

    [Fact]
    public async Task Targets_of_routes_are_where_targets_may_be()
    {
        _hub.Gate.Options = _hub.Gate.Options with { TargetAllowCidrs = CidrSet.Parse("10.0.0.0/8") };
        Connect(Passthrough);
        var stream = _hub.OpenStream();
        await WriteAsync(await stream.AttachedAsync(), ClientHellos.OpenSslTls13, 100);
        Assert.Equal(ResetReason.Unreachable, await stream.ResetAsync());
        Assert.False(_www.Poll(0, SelectMode.SelectRead));
    }

    [Fact]
    public async Task A_header_with_fields_has_the_name_and_the_only_protocol()
    {
        _hub.ConnectEdge(Policy(Passthrough) with { ProxyProtocol = ProxyProtocol.V2, ProxyTlvs = true });
        var stream = _hub.OpenStream();
        var client = await stream.AttachedAsync();
        client.Start(stream);
        var hello = ClientHellos.Make("shop.example.com", ["h2"]);
        await WriteAsync(client, hello, 100);
        using var upstream = await _wild.AcceptAsync().WaitAsync(Patience.Limit);
        var header = await ReceiveAsync(upstream, 16);
        header = [.. header, .. await ReceiveAsync(upstream, (header[14] << 8) | header[15])];
        Assert.True(header.AsSpan().IndexOf((byte[])[0x01, 0, 2, .. "h2"u8, 0x02, 0, 16, .. "shop.example.com"u8]) > 0);
        Assert.Equal(hello, await ReceiveAsync(upstream, hello.Length));
    }

    public void Dispose()
    {
        _hub.Dispose();
        _own.Dispose();
        _www.Dispose();
        _wild.Dispose();
    }

    private void Connect(TlsDefinition tls) => _hub.ConnectEdge(Policy(tls));

    private PortPolicyDefinition Policy(TlsDefinition tls) => new()
    {
        Tls = tls,
        ProxyProtocol = ProxyProtocol.Off,
        TargetHost = "127.0.0.1",
        TargetPort = PortOf(_own),
        Routes = new ValueList<RouteDefinition>([Route("www.example.com", _www), Route("*.example.com", _wild)]),
    };

    private static RouteDefinition Route(string name, Socket target) =>
        new() { Sni = name, Targets = new TargetList([new TargetDefinition { Host = "127.0.0.1", Port = PortOf(target) }]) };

    private static async Task WriteAsync(ILocalEndpoint endpoint, byte[] bytes, int size)
    {
        foreach (var part in bytes.Chunk(size))
        {
            var taken = endpoint.TryWrite(part);
            Assert.True(taken >= 0);
            if (taken < part.Length)
                Assert.True(await endpoint.WriteAsync(part.AsMemory(taken)).AsTask().WaitAsync(Patience.Limit));
        }
    }

    private static async Task<byte[]> ReceiveAsync(Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            var received = await socket.ReceiveAsync(bytes.AsMemory(at)).AsTask().WaitAsync(Patience.Limit);
            Assert.NotEqual(0, received);
            at += received;
        }

        return bytes;
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }
}
