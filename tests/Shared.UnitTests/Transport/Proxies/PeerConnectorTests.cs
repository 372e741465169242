using System.Net;
using System.Net.Sockets;
using System.Text;
using Tunnel.Shared.Transport.Proxies;

namespace Tunnel.Shared.UnitTests.Transport.Proxies;

/// <summary>Proxies are spoken to, and their answers taken, byte by byte.</summary>
public sealed class PeerConnectorTests : IDisposable
{
    private const string BasicOfMe = "Proxy-Authorization: Basic bWU6cGFzcw==\r\n";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly TcpListener _proxy = new(IPAddress.Loopback, 0);

    public PeerConnectorTests() => _proxy.Start();

    private IPEndPoint Address => (IPEndPoint)_proxy.LocalEndpoint;

    public void Dispose() => _proxy.Dispose();

    [Theory]
    [InlineData("http://127.0.0.1:1", "hub.example", "CONNECT hub.example:8443 HTTP/1.1\r\nHost: hub.example:8443\r\n\r\n")]
    [InlineData(
        "http://me:pass@127.0.0.1:1", "2001:db8::1",
        "CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n" + BasicOfMe + "\r\n")]
    public async Task An_http_proxy_is_asked_and_what_follows_its_answer_stays_for_the_connection(string url, string host, string expected)
    {
        var connecting = ConnectAsync(url, host);
        using var proxy = await AcceptAsync();
        Assert.Equal(expected, Encoding.ASCII.GetString(await ReadAsync(proxy, expected.Length)));
        await proxy.SendAsync("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nfirst bytes of the peer"u8.ToArray());

        await AssertPeerSaysAsync("first bytes of the peer", connecting);
    }

    [Theory]
    [InlineData(
        "http://127.0.0.1:1", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
        "asks for a user and a password (407): write them into its URL, as http://USER:PASSWORD@HOST:PORT")]
    [InlineData("http://me:pass@127.0.0.1:1", "HTTP/1.0 407 No\r\n\r\n", "refuses this user and password (407)")]
    [InlineData("http://me:pass@127.0.0.1:1", "HTTP/1.0 401 Unauthorized\r\n\r\n", "refuses this user and password (401)")]
    [InlineData(
        "http://127.0.0.1:1", "HTTP/1.1 403 Filt\u0001ered\r\n\r\n",
        "refuses the connection (403 Filt?ered): ask whoever runs it to allow CONNECT to this host and port")]
    [InlineData("http://127.0.0.1:1", "HTTP/1.1 503\n\n", "refuses the connection (503)")]
    [InlineData("http://127.0.0.1:1", "SSH-2.0-OpenSSH_9.2\r\n", "answers something that is not HTTP: is it an HTTP proxy?")]
    [InlineData("http://127.0.0.1:1", "HTTP/1.1 2xx\r\n\r\n", "answers something that is not HTTP: is it an HTTP proxy?")]
    [InlineData("http://127.0.0.1:1", "HTTP/1.1 200 OK\r\n", "closed the connection without an answer")]
    public async Task An_http_proxy_that_says_no_is_told_with_its_reason(string url, string answer, string expected)
    {
        var connecting = ConnectAsync(url, "hub.example");
        using var proxy = await AcceptAsync();
        await proxy.SendAsync(Encoding.ASCII.GetBytes(answer));
        proxy.Shutdown(SocketShutdown.Send);
        var (socket, fault) = await connecting;
        Assert.Null(socket);
        Assert.Equal($"the proxy http://127.0.0.1:1 {expected}", fault);
    }

    [Fact]
    public async Task An_answer_without_end_is_given_up()
    {
        var connecting = ConnectAsync("http://127.0.0.1:1", "hub.example");
        using var proxy = await AcceptAsync();
        await proxy.SendAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\n" + new string('x', HttpConnect.MaxAnswer)));
        Assert.Equal("the proxy http://127.0.0.1:1 answers with more than 16384 bytes", (await connecting).Fault);
    }

    [Fact]
    public async Task A_proxy_that_says_nothing_ends_with_the_callers_patience()
    {
        using var patience = new CancellationTokenSource();
        var connecting = ConnectAsync("socks5://127.0.0.1:1", "hub.example", patience.Token);
        using var proxy = await AcceptAsync();
        Assert.Equal([5, 1, 0], await ReadAsync(proxy, 3));
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        Assert.Equal(0, await proxy.ReceiveAsync(new byte[1]).WaitAsync(Limit));
    }

    [Theory]
    [InlineData("hub.example", "05-01-00-03-0B-68-75-62-2E-65-78-61-6D-70-6C-65-20-FB", "050000010A000001FFFF")]
    [InlineData("192.0.2.1", "05-01-00-01-C0-00-02-01-20-FB", "0500000420010DB80000000000000000000000010050")]
    [InlineData("2001:db8::1", "05-01-00-04-20-01-0D-B8-00-00-00-00-00-00-00-00-00-00-00-01-20-FB", "050000030461626364FFFF")]
    public async Task A_socks_proxy_is_asked_and_what_follows_its_answer_stays_for_the_connection(string host, string request, string reply)
    {
        var connecting = ConnectAsync("socks5://me:pass@127.0.0.1:1", host);
        using var proxy = await AcceptAsync();
        Assert.Equal("05-02-00-02", BitConverter.ToString(await ReadAsync(proxy, 4)));
        await proxy.SendAsync(new byte[] { 5, 2 });
        Assert.Equal("01-02-6D-65-04-70-61-73-73", BitConverter.ToString(await ReadAsync(proxy, 9)));
        await proxy.SendAsync(new byte[] { 1, 0 });
        var expected = request.Split('-').Length;
        Assert.Equal(request, BitConverter.ToString(await ReadAsync(proxy, expected)));
        await proxy.SendAsync((byte[])[.. Convert.FromHexString(reply), .. "peer"u8]);

        await AssertPeerSaysAsync("peer", connecting);
    }

    [Theory]
    [InlineData(
        "socks5://127.0.0.1:1", "05FF", "asks for a user and a password: write them into its URL, as socks5://USER:PASSWORD@HOST:PORT")]
    [InlineData("socks5://me:x@127.0.0.1:1", "05FF", "takes neither a user with a password nor none")]
    [InlineData("socks5://me:x@127.0.0.1:1", "05020101", "refuses this user and password")]
    [InlineData("socks5://me:x@127.0.0.1:1", "0502", "closed the connection when it was told user and password: are they right?")]
    [InlineData(
        "socks5://127.0.0.1:1", "0502", "asks for a user and a password: write them into its URL, as socks5://USER:PASSWORD@HOST:PORT")]
    [InlineData("socks5://127.0.0.1:1", "4854", "answers something that is not SOCKS5: is it a SOCKS5 proxy?")]
    [InlineData("socks5://127.0.0.1:1", "05000502", "does not allow this connection: ask whoever runs it to allow this host and port")]
    [InlineData("socks5://127.0.0.1:1", "05000505", "was refused by the host")]
    [InlineData("socks5://127.0.0.1:1", "0500056F", "reports a failure (111)")]
    [InlineData("socks5://127.0.0.1:1", "050005000009FF", "answers something that is not SOCKS5")]
    [InlineData("socks5://127.0.0.1:1", "0500050000010A00", "closed the connection without an answer")]
    public async Task A_socks_proxy_that_says_no_is_told_with_its_reason(string url, string answers, string expected)
    {
        var connecting = ConnectAsync(url, "hub.example");
        using var proxy = await AcceptAsync();
        await proxy.SendAsync(Convert.FromHexString(answers));
        proxy.Shutdown(SocketShutdown.Send);
        var (socket, fault) = await connecting;
        Assert.Null(socket);
        Assert.Equal($"the proxy socks5://127.0.0.1:1 {expected}", fault);
    }

    [Fact]
    public async Task A_proxy_that_is_not_there_is_named()
    {
        _proxy.Stop();
        Assert.StartsWith("the proxy http://127.0.0.1:1 (127.0.0.1:", (await ConnectAsync("http://127.0.0.1:1", "hub.example")).Fault);
    }

    private Task<(Socket? Socket, string? Fault)> ConnectAsync(string url, string host, CancellationToken cancellationToken = default)
    {
        Assert.True(ProxyServer.TryParse(url, out var proxy));
        return PeerConnector.ConnectAsync(Address, new ProxyHop(proxy, host, 8443), null, cancellationToken).WaitAsync(
            Limit, CancellationToken.None);
    }

    private async Task<Socket> AcceptAsync() => await _proxy.AcceptSocketAsync().WaitAsync(Limit);

    private static async Task<byte[]> ReadAsync(Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var read = 0; read < count;)
        {
            var more = await socket.ReceiveAsync(bytes.AsMemory(read)).AsTask().WaitAsync(Limit);
            Assert.NotEqual(0, more);
            read += more;
        }

        return bytes;
    }

    private static async Task AssertPeerSaysAsync(string expected, Task<(Socket? Socket, string? Fault)> connecting)
    {
        var (socket, fault) = await connecting;
        using (socket)
        {
            Assert.Null(fault);
            Assert.Equal(expected, Encoding.ASCII.GetString(Receive(socket!, expected.Length)));
        }
    }

    private static byte[] Receive(Socket socket, int count)
    {
        // The peer's bytes came with the proxy's answer; a byte of them that was taken is missing here.
        socket.Blocking = true;
        socket.ReceiveTimeout = (int)Limit.TotalMilliseconds;
        var bytes = new byte[count];
        for (var read = 0; read < count;)
            read += socket.Receive(bytes, read, count - read, SocketFlags.None);
        return bytes;
    }
}
