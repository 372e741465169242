using System.Net;
using System.Net.Sockets;
using System.Text;
using Tunnel.Edge.Refusing;
using Tunnel.Edge.Tcp;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Tcp;

/// <summary>Real sockets at a port with a policy, in front of a fake tunnel.</summary>
public sealed class TcpAdmissionTests : IDisposable
{
    private static readonly EdgePortPolicy Proxied = new() { AcceptProxyProtocol = true, TrustedProxies = CidrSet.Parse("127.0.0.1") };
    private static readonly IPEndPoint Client = new(IPAddress.Parse("203.0.113.7"), 40000);
    private static readonly IPEndPoint Public = new(IPAddress.Parse("198.51.100.1"), 443);

    private readonly ListenerFixture _fixture = new();
    private readonly FakeTunnel _tunnel = new();

    public TcpAdmissionTests() => _fixture.Tunnels.Current = _tunnel;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task A_denied_client_is_reset_counted_and_costs_no_stream()
    {
        var port = Listen(new EdgePortPolicy { DenyCidrs = CidrSet.Parse("127.0.0.9"), LogConnections = true });

        await AssertResetAsync(port, from: "127.0.0.9");
        using var welcome = await ConnectAsync(port);

        Assert.Equal(IPAddress.Loopback, (await _tunnel.NextStreamAsync()).Opening.Source!.Address);
        Assert.Equal(1, port.GetStatistics().Blocked["denied"]);
        Assert.Equal(1, _fixture.Refusals[RefusalReason.Denied]);
        Assert.Equal(
            (RefusalReason.Denied, "127.0.0.9", true),
            Assert.Single(_fixture.Blocked.Items) is var item ? (item.Reason, AddressNumber.ToAddress(item.Client!.Value).ToString(),
                item.Log) : default);
    }

    [Fact]
    public async Task A_policy_that_changes_is_for_those_who_come_and_leaves_those_who_are_there()
    {
        var port = Listen(EdgePortPolicy.None);
        using var first = await ConnectAsync(port);
        var stream = (await _tunnel.NextStreamAsync()).Stream;

        port.Update(new EdgePortPolicy { DenyCidrs = CidrSet.Parse("127.0.0.0/8") });
        await AssertResetAsync(port);
        Assert.False(stream.IsOver);
        Assert.Equal(1, port.Active);

        port.Update(EdgePortPolicy.None);
        using var second = await ConnectAsync(port);
        await _tunnel.NextStreamAsync();
    }

    [Fact]
    public async Task The_connections_of_the_port_are_limited_and_come_free_when_streams_end()
    {
        var port = Listen(new EdgePortPolicy { MaxConnections = 1 });
        using var first = await ConnectAsync(port);
        var stream = (await _tunnel.NextStreamAsync()).Stream;

        await AssertResetAsync(port);
        stream.BytesSent = 5;
        stream.BytesReceived = 7;
        stream.End(default);
        using var second = await ConnectAsync(port);
        await _tunnel.NextStreamAsync();

        var statistics = port.GetStatistics();
        Assert.Equal((1, 2L, 5L, 7L), (statistics.Active, statistics.Total, statistics.BytesIn, statistics.BytesOut));
        Assert.Equal(1, statistics.Blocked["maxConnections"]);
    }

    [Fact]
    public async Task A_stream_that_the_tunnel_refuses_is_not_counted_as_a_connection()
    {
        var port = Listen(new EdgePortPolicy { MaxConnections = 1, MaxConnectionsPerIp = 1 });
        _tunnel.TakesNew = false;
        await AssertResetAsync(port);
        _tunnel.TakesNew = true;

        using var client = await ConnectAsync(port);
        await _tunnel.NextStreamAsync();
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    public async Task The_header_names_the_client_and_what_follows_it_is_the_streams(int version, bool byteByByte)
    {
        var port = Listen(Proxied);
        using var balancer = await ConnectAsync(port);
        byte[] sent = [.. Header(version), .. "hello"u8];
        if (byteByByte)
            balancer.NoDelay = true;
        foreach (var piece in byteByByte ? sent.Chunk(1) : [sent])
        {
            await balancer.SendAsync(piece);
            if (byteByByte)
                await Task.Yield();
        }

        var opened = await _tunnel.NextStreamAsync();

        Assert.Equal((Client, Public), (opened.Opening.Source, opened.Opening.Destination));
        Assert.Equal("hello"u8.ToArray(), await ReadAsync(opened.Endpoint, 5));
    }

    [Fact]
    public async Task Limits_are_for_the_client_in_the_header_and_not_for_the_balancer()
    {
        var port = Listen(Proxied with { MaxConnectionsPerIp = 1, DenyCidrs = CidrSet.Parse("203.0.113.66", "127.0.0.1") });

        Assert.Null(await SendAsync(port, Header(1)));
        Assert.Equal("maxConnectionsPerIp", await SendAsync(port, Header(2)));
        Assert.Equal("denied", await SendAsync(port, Header(1, new IPEndPoint(IPAddress.Parse("203.0.113.66"), 1))));
        Assert.Null(await SendAsync(port, Header(2, new IPEndPoint(IPAddress.Parse("203.0.113.8"), 1))));
    }

    [Theory]
    [InlineData("PROXY UNKNOWN\r\n")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\u0020\0\0\0")]
    public async Task A_balancers_own_connection_comes_from_itself_and_passes_the_lists(string header)
    {
        var port = Listen(Proxied with { AllowCidrs = CidrSet.Parse("203.0.113.0/24") });
        Assert.Null(await SendAsync(port, Encoding.Latin1.GetBytes(header)));
    }

    [Fact]
    public async Task A_peer_that_is_not_trusted_is_reset_whatever_it_says()
    {
        var port = Listen(Proxied);
        await AssertResetAsync(port, from: "127.0.0.9");
        Assert.Equal(1, port.GetStatistics().Blocked["proxyNotTrusted"]);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n", false)]
    [InlineData("PROXY TCP4 203.0.113.7 198.51.100.1 400", true)]
    [InlineData("PROXY TCP4 203.0.113.7 198.51.100.1 40000 443 1\r\n", false)]
    [InlineData("", true)]
    public async Task A_missing_wrong_or_truncated_header_is_refused(string data, bool end)
    {
        var port = Listen(Proxied);
        using var balancer = await ConnectAsync(port);
        await balancer.SendAsync(Encoding.ASCII.GetBytes(data));
        if (end)
            balancer.Shutdown(SocketShutdown.Send);

        await Eventually.IsTrueAsync(() => port.GetStatistics().Blocked.ContainsKey("proxyHeaderInvalid"), "the header is refused");
    }

    [Fact]
    public async Task A_header_that_does_not_come_is_given_up()
    {
        var port = Listen(Proxied);
        var timers = _fixture.Time.WaitingTimers;
        using var balancer = await ConnectAsync(port);
        await balancer.SendAsync("PROXY TCP4"u8.ToArray());
        await Eventually.IsTrueAsync(() => _fixture.Time.WaitingTimers > timers, "the header is waited for");

        _fixture.Time.Advance(InboundHeaderReader.TimeLimit);

        await Eventually.IsTrueAsync(() => port.GetStatistics().Blocked.ContainsKey("proxyHeaderTimeout"), "the header is given up");
        Assert.Equal(0, port.Active);
    }

    private static byte[] Header(int version, IPEndPoint? client = null)
    {
        var buffer = new byte[200];
        var length = version == 1
            ? ProxyV1.Write(buffer, client ?? Client, Public)
            : ProxyV2.Write(buffer, client ?? Client, Public, ProxyTransport.Stream);
        return buffer[..length];
    }

    private TcpPortListener Listen(EdgePortPolicy policy) => _fixture.ListenTcp(IPAddress.Any, policy: policy);

    /// <summary>Sends what a balancer sends; returns null when a stream was opened, else why not. The connection stays.</summary>
    private async Task<string?> SendAsync(TcpPortListener port, byte[] data)
    {
        var before = port.GetStatistics().Blocked;
        var opened = _tunnel.Opened;
        var balancer = await ConnectAsync(port);
        await balancer.SendAsync(data);
        string? refused = null;
        await Eventually.IsTrueAsync(
            () => _tunnel.Opened > opened || (refused = port.GetStatistics().Blocked.FirstOrDefault(
                count => count.Value > before.GetValueOrDefault(count.Key)).Key) is not null,
            "the connection is decided on");
        return refused;
    }

    private static async Task<byte[]> ReadAsync(ILocalEndpoint endpoint, int count)
    {
        var buffer = new byte[count];
        var read = 0;
        await Eventually.IsTrueAsync(
            () => endpoint.TryRead(buffer.AsSpan(read), out var now) == LocalReadStatus.Data && (read += now) == count,
            "the bytes behind the header");
        return buffer;
    }

    private static async Task<Socket> ConnectAsync(TcpPortListener port, string from = "127.0.0.1")
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await client.ConnectAsync(IPAddress.Loopback, port.LocalPort).Soon();
        return client;
    }

    private static async Task AssertResetAsync(TcpPortListener port, string from = "127.0.0.1")
    {
        var reset = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            using var client = await ConnectAsync(port, from);
            await client.ReceiveAsync(new byte[1]).Soon();
        });
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
    }
}
