using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets.Health;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.UnitTests.Fakes;

namespace Tunnel.Hub.UnitTests.Targets.Pools;

/// <summary>Checks run over the network, and each finds what is wrong.</summary>
public sealed class HealthProbeTests : IDisposable
{
    private static readonly HealthCheckDefinition Http = new() { Type = HealthCheckType.Http, Path = "/health" };

    private readonly Socket _service = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _datagrams = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    public HealthProbeTests()
    {
        _service.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _datagrams.Bind(new IPEndPoint(IPAddress.Loopback, 0));
    }

    public void Dispose()
    {
        _service.Dispose();
        _datagrams.Dispose();
    }

    [Fact]
    public async Task A_service_that_accepts_is_well_and_one_that_is_not_there_is_not()
    {
        var check = new HealthCheckDefinition { Type = HealthCheckType.Tcp };
        Assert.Equal("connection refused", await CheckAsync(check));
        _service.Listen();
        Assert.Null(await CheckAsync(check));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", null, null)]
    [InlineData("HTTP/1.0 302 Found\r\n\r\n", null, null)]
    [InlineData("HTTP/1.1 500 Internal Server Error\r\n\r\nsorry", null, "status 500")]
    [InlineData("HTTP/1.1 302 Found\r\n\r\n", "200-299", "status 302")]
    [InlineData("HTTP/1.1 401 Unauthorized\r\n\r\n", "200,401", null)]
    [InlineData("SSH-2.0-OpenSSH\r\n", null, "the answer is not HTTP")]
    [InlineData("", null, "no answer")]
    public async Task The_status_of_an_HTTP_answer_decides(string answer, string? expect, string? fault)
    {
        var request = AnswerAsync(answer);
        Assert.Equal(fault, await CheckAsync(Http with { ExpectStatus = expect }));
        Assert.StartsWith("GET /health HTTP/1.1\r\nHost: web.example\r\n", await request, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProxyProtocol.V1, "PROXY UNKNOWN\r\nGET")]
    [InlineData(ProxyProtocol.V2, "\r\n\r\n\0\r\nQUIT\n \0\0\0GET")]
    public async Task A_header_says_that_nobody_is_behind_the_check(ProxyProtocol proxy, string beginning)
    {
        var request = AnswerAsync("HTTP/1.1 200 OK\r\n\r\n");
        Assert.Null(await CheckAsync(Http, proxy));
        Assert.StartsWith(beginning, await request, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("+PONG\r\n", "+PONG", null)]
    [InlineData("-LOADING\r\n", "+PONG", "unexpected answer")]
    [InlineData("\u0001\u0002", "hex:01 02", null)]
    public async Task What_is_expected_of_an_answer_has_to_be_in_it(string answer, string expect, string? fault)
    {
        var request = AnswerAsync(answer);
        Assert.Equal(fault, await CheckAsync(new HealthCheckDefinition { Type = HealthCheckType.Tcp, Send = "PING\r\n", Expect = expect }));
        Assert.Equal("PING\r\n", await request);
    }

    [Fact]
    public async Task A_service_that_hangs_is_found_by_the_time()
    {
        // The kernel accepts in place of the service.
        _service.Listen();
        Assert.Equal("answer time-out", await CheckAsync(Http, limit: TimeSpan.FromMilliseconds(200)));
        Assert.Equal(
            "TLS handshake time-out",
            await CheckAsync(new HealthCheckDefinition { Type = HealthCheckType.Tls }, limit: TimeSpan.FromMilliseconds(200)));
    }

    [Fact]
    public async Task A_handshake_that_completes_is_well_whatever_the_certificate()
    {
        _service.Listen();
        var serving = ServeTlsAsync();
        Assert.Null(await CheckAsync(new HealthCheckDefinition { Type = HealthCheckType.Tls }));
        Assert.Equal("web.example", await serving);

        var plain = AnswerAsync("no TLS here at all, as everybody can see\r\n");
        Assert.Contains(
            "TLS handshake", await CheckAsync(new HealthCheckDefinition { Type = HealthCheckType.Tls }), StringComparison.Ordinal);
        await plain;
    }

    [Fact]
    public async Task A_datagram_wants_its_answer()
    {
        var check = new HealthCheckDefinition { Type = HealthCheckType.Udp, Send = "hex:beef", Expect = "well" };
        var asked = AnswerDatagramsAsync("something else", "all is well");
        Assert.Null(await CheckAsync(check, ProxyProtocol.V2));
        Assert.Equal(16 + 2, await asked);
        Assert.Equal("answer time-out", await CheckAsync(check, limit: TimeSpan.FromMilliseconds(200)));
        _datagrams.Dispose();
        Assert.Equal("connection refused", await CheckAsync(check));
    }

    private async Task<string?> CheckAsync(HealthCheckDefinition check, ProxyProtocol proxy = ProxyProtocol.Off, TimeSpan? limit = null)
    {
        using var time = new CancellationTokenSource(limit ?? Patience.Limit);
        var address = check.Type == HealthCheckType.Udp ? _datagramAddress ??= _datagrams.LocalEndPoint : _service.LocalEndPoint;
        return await new HealthProbe().CheckAsync(new MemberCheckKey((IPEndPoint)address!, "web.example", check, proxy), time.Token);
    }

    private EndPoint? _datagramAddress;

    private async Task<string> AnswerAsync(string answer)
    {
        _service.Listen();
        using var client = await _service.AcceptAsync().WaitAsync(Patience.Limit);
        var buffer = new byte[2000];
        var count = await client.ReceiveAsync(buffer);
        // The header comes in a segment of its own.
        while (count is 15 or 16)
            count += await client.ReceiveAsync(buffer.AsMemory(count));
        await client.SendAsync(Encoding.Latin1.GetBytes(answer));
        client.Shutdown(SocketShutdown.Send);
        return Encoding.Latin1.GetString(buffer, 0, count);
    }

    private async Task<string> ServeTlsAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=somebody else", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var client = await _service.AcceptAsync().WaitAsync(Patience.Limit);
        await using var stream = new SslStream(new NetworkStream(client));
        await stream.AuthenticateAsServerAsync(certificate);
        return stream.TargetHostName;
    }

    private async Task<int> AnswerDatagramsAsync(params string[] answers)
    {
        var buffer = new byte[100];
        var received = await _datagrams.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0)).WaitAsync(Patience.Limit);
        foreach (var answer in answers)
            await _datagrams.SendToAsync(Encoding.ASCII.GetBytes(answer), received.RemoteEndPoint);
        return received.ReceivedBytes;
    }
}
