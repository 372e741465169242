using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.EndToEnd;

/// <summary>TLS of clients ends at the hub, with real tunnels, sockets and files.</summary>
public sealed class TerminatedTlsTests : IAsyncLifetime
{
    private const string Secret = "a-secret-of-the-edge";
    private readonly TemporaryDirectory _directory = new();
    private readonly Socket _upstream = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly X509Certificate2 _authority = TestCertificates.MakeAuthority();
    private readonly TunnelHub _hub;
    private DialedEdge _edge = null!;

    public TerminatedTlsTests()
    {
        _upstream.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _upstream.Listen(512);
        _hub = new TunnelHub(
            new TunnelHubOptions { TunnelPort = 0, BindAddress = "127.0.0.1", StateDir = _directory.File("state"), Quic = false },
            NullLoggerFactory.Instance);
    }

    private TlsDefinition Tls => new()
    {
        Certificates = new ValueList<CertificateDefinition>([
            new CertificateDefinition { CertPem = TestCertificates.Write(_directory.Path, "one.test") },
            new CertificateDefinition { CertPem = TestCertificates.Write(_directory.Path, "*.two.test") }]),
    };

    public async ValueTask InitializeAsync() => await _hub.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_edge is not null)
            await _edge.DisposeAsync();
        await _hub.DisposeAsync();
        _upstream.Dispose();
        _authority.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [InlineData("one.test", "CN=one.test", SslProtocols.Tls13)]
    [InlineData("www.two.test", "CN=any.two.test", SslProtocols.Tls13)]
    [InlineData("three.test", "CN=one.test", SslProtocols.Tls12)]
    public async Task The_name_chooses_the_certificate_and_the_upstream_is_told_of_the_session(
        string name, string subject, SslProtocols version)
    {
        await AllowAsync(Tls with { Alpn = new ValueList<string>(["h2", "http/1.1"]) }, ProxyProtocol.V2);
        await using var client = await HandshakeAsync(options =>
            options with { TargetHost = name, ApplicationProtocols = [SslApplicationProtocol.Http11], EnabledSslProtocols = version });
        Assert.Equal(
            (subject, version, SslApplicationProtocol.Http11),
            (client.RemoteCertificate!.Subject, client.SslProtocol, client.NegotiatedApplicationProtocol));
        await client.WriteAsync("hello"u8.ToArray());

        using var upstream = await _upstream.AcceptAsync().WaitAsync(Patience.Limit);
        var header = await ReceiveAsync(upstream, 16);
        header = [.. header, .. await ReceiveAsync(upstream, (header[14] << 8) | header[15])];
        Contains(header, [0x01, 0, 8, .. "http/1.1"u8]);
        Contains(header, [0x02, 0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name)]);
        // The header's field about TLS says that the client has no certificate, and has the version.
        Contains(header, [0x01, 0, 0, 0, 1, 0x21, 0, 7, .. Encoding.ASCII.GetBytes(version == SslProtocols.Tls13 ? "TLSv1.3" : "TLSv1.2")]);
        Assert.Equal("hello"u8.ToArray(), await ReceiveAsync(upstream, 5));
        await upstream.SendAsync("world"u8.ToArray());
        await AssertReadsAsync(client, "world");
    }

    [Fact]
    public async Task The_client_may_end_first_and_still_gets_the_answer()
    {
        await AllowAsync(Tls);
        await using var client = await HandshakeAsync();
        using var upstream = await _upstream.AcceptAsync().WaitAsync(Patience.Limit);
        await client.WriteAsync("question"u8.ToArray());
        await client.ShutdownAsync();
        Assert.Equal("question"u8.ToArray(), await ReceiveAsync(upstream, 8));
        Assert.Equal(0, await upstream.ReceiveAsync(new byte[1]).WaitAsync(Patience.Limit));
        await upstream.SendAsync("answer"u8.ToArray());
        upstream.Shutdown(SocketShutdown.Send);
        await AssertReadsAsync(client, "answer");
        Assert.Equal(0, await client.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience.Limit));
        client.Close();
        await _edge.Tunnel.WaitForStreamsAsync(CancellationToken.None).WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task The_upstream_may_end_first_and_still_gets_what_follows()
    {
        await AllowAsync(Tls);
        await using var client = await HandshakeAsync();
        using var upstream = await _upstream.AcceptAsync().WaitAsync(Patience.Limit);
        await upstream.SendAsync("greeting"u8.ToArray());
        upstream.Shutdown(SocketShutdown.Send);
        await AssertReadsAsync(client, "greeting");
        Assert.Equal(0, await client.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience.Limit));
        await client.WriteAsync("what follows"u8.ToArray());
        await client.ShutdownAsync();
        client.Close();
        Assert.Equal("what follows"u8.ToArray(), await ReceiveAsync(upstream, 12));
        Assert.Equal(0, await upstream.ReceiveAsync(new byte[1]).WaitAsync(Patience.Limit));
        await _edge.Tunnel.WaitForStreamsAsync(CancellationToken.None).WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task A_reset_goes_through_each_way()
    {
        await AllowAsync(Tls);
        await using (var client = await HandshakeAsync())
        {
            using var upstream = await _upstream.AcceptAsync().WaitAsync(Patience.Limit);
            await client.WriteAsync("hello"u8.ToArray());
            Assert.Equal("hello"u8.ToArray(), await ReceiveAsync(upstream, 5));
            upstream.LingerState = new LingerOption(true, 0);
            upstream.Close();
            await Assert.ThrowsAnyAsync<IOException>(() => client.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience.Limit));
        }

        var socket = await _edge.OpenStreamAsync(80);
        await using (var client = await HandshakeAsync(socket: socket))
        {
            using var upstream = await _upstream.AcceptAsync().WaitAsync(Patience.Limit);
            socket.LingerState = new LingerOption(true, 0);
            socket.Close();
            var error = await Assert.ThrowsAsync<SocketException>(() => upstream.ReceiveAsync(new byte[1]).WaitAsync(Patience.Limit));
            Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        }

        await _edge.Tunnel.WaitForStreamsAsync(CancellationToken.None).WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task Megabytes_pass_each_way_at_once_to_readers_that_begin_late()
    {
        var bytes = RandomNumberGenerator.GetBytes(6 << 20);
        await AllowAsync(Tls);
        await using var client = await HandshakeAsync();
        using var upstream = await _upstream.AcceptAsync().WaitAsync(Patience.Limit);
        await using var plain = new NetworkStream(upstream);
        var up = SendAsync(client, client.ShutdownAsync);
        var down = SendAsync(plain, () =>
        {
            upstream.Shutdown(SocketShutdown.Send);
            return Task.CompletedTask;
        });
        var received = await Task.WhenAll(ReadAllAsync(client), ReadAllAsync(plain)).WaitAsync(Patience.Limit);
        Assert.All(received, all => Assert.Equal(bytes, all));
        await Task.WhenAll(up, down);

        async Task SendAsync(Stream to, Func<Task> end)
        {
            await to.WriteAsync(bytes);
            await end();
        }
    }

    [Theory]
    [InlineData("version")]
    [InlineData("protocol")]
    public async Task A_handshake_without_anything_in_common_ends_with_an_alert_and_is_counted(string what)
    {
        await AllowAsync(Tls with { MinVersion = TlsVersion.Tls13, Alpn = new ValueList<string>(["h2"]) });
        var error = await Assert.ThrowsAsync<AuthenticationException>(() => HandshakeAsync(options => what == "version"
            ? options with { EnabledSslProtocols = SslProtocols.Tls12 }
            : options with { ApplicationProtocols = [SslApplicationProtocol.Http11] }));
        Assert.Contains("alert", error.ToString(), StringComparison.OrdinalIgnoreCase);
        await Eventually.IsTrueAsync(() => _hub.GetStatus().StreamFailures.GetValueOrDefault("handshakeFailed") == 1, "it is counted");
        Assert.False(_upstream.Poll(0, SelectMode.SelectRead));
    }

    [Fact]
    public async Task An_unknown_name_is_refused_where_that_is_wanted()
    {
        await AllowAsync(Tls with { StrictSni = true });
        await Assert.ThrowsAnyAsync<IOException>(() => HandshakeAsync(options => options with { TargetHost = "three.test" }));
        Assert.Equal(1, _hub.GetStatus().StreamFailures["unknownName"]);
    }

    [Fact]
    public async Task Clients_show_a_certificate_of_the_authority_or_are_refused()
    {
        var path = _directory.File("ca.pem");
        await File.WriteAllTextAsync(path, _authority.ExportCertificatePem());
        await AllowAsync(Tls with { ClientCa = path }, ProxyProtocol.V2);
        using var known = TestCertificates.Make(_authority, null, "somebody");
        using var stranger = TestCertificates.Make(null, null, "somebody");

        await using var client = await HandshakeAsync(options => options with { Certificate = known });
        await client.WriteAsync("hello"u8.ToArray());
        using var upstream = await _upstream.AcceptAsync().WaitAsync(Patience.Limit);
        var header = await ReceiveAsync(upstream, 16);
        header = [.. header, .. await ReceiveAsync(upstream, (header[14] << 8) | header[15])];
        Contains(header, [0x22, 0, 8, .. "somebody"u8]);

        // Over TLS 1.3 a client learns it only with the first byte that it would read.
        foreach (var shown in new[] { null, stranger })
        {
            await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                await using var refused = await HandshakeAsync(options => options with { Certificate = shown });
                await refused.WriteAsync("hello"u8.ToArray());
                if (await refused.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience.Limit) == 0)
                    throw new IOException("ended");
            });
        }

        await Eventually.IsTrueAsync(() => _hub.GetStatus().StreamFailures.GetValueOrDefault("handshakeFailed") == 2, "both are counted");
        Assert.False(_upstream.Poll(0, SelectMode.SelectRead));
    }

    private async Task AllowAsync(TlsDefinition tls, ProxyProtocol proxy = ProxyProtocol.Off)
    {
        var changed = await _hub.UpdateAllowedEdgesAsync([
            new EdgeDefinition
            {
                Id = "a",
                Secret = Secret,
                ListenPorts = [80],
                Ports = EdgeDefinition.NoPorts.Add("default", new PortPolicyDefinition
                {
                    TargetHost = "127.0.0.1",
                    TargetPort = ((IPEndPoint)_upstream.LocalEndPoint!).Port,
                    ProxyProtocol = proxy,
                    AllowPrivateSources = true,
                    Tls = tls,
                }),
            }]);
        Assert.True(changed.Succeeded, string.Join('\n', changed.Errors));
        _edge = await DialedEdge.ConnectAsync(_hub, "a", Secret, "one");
    }

    private async Task<SslStream> HandshakeAsync(Func<ClientOptions, ClientOptions>? change = null, Socket? socket = null)
    {
        var options = new ClientOptions();
        options = change?.Invoke(options) ?? options;
        var client = new SslStream(new NetworkStream(socket ?? await _edge.OpenStreamAsync(80), ownsSocket: true));
        try
        {
            await client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = options.TargetHost,
                ApplicationProtocols = options.ApplicationProtocols,
                EnabledSslProtocols = options.EnabledSslProtocols,
                ClientCertificates = options.Certificate is { } shown ? new X509CertificateCollection { shown } : null,
                RemoteCertificateValidationCallback = static (_, _, _, _) => true,
            }).WaitAsync(Patience.Limit);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    private static async Task AssertReadsAsync(Stream stream, string text)
    {
        var bytes = new byte[text.Length];
        await stream.ReadExactlyAsync(bytes).AsTask().WaitAsync(Patience.Limit);
        Assert.Equal(text, Encoding.ASCII.GetString(bytes));
    }

    private static async Task<byte[]> ReadAllAsync(Stream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all);
        return all.ToArray();
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

    private static void Contains(byte[] header, byte[] part) =>
        Assert.True(header.AsSpan().IndexOf(part) >= 0, Convert.ToHexString(header));

    private sealed record ClientOptions
    {
        public string TargetHost { get; init; } = "one.test";

        public List<SslApplicationProtocol>? ApplicationProtocols { get; init; }

        public SslProtocols EnabledSslProtocols { get; init; }

        public X509Certificate2? Certificate { get; init; }
    }
}
