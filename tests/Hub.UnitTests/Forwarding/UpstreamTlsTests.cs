using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Forwarding;

/// <summary>The hub speaks TLS to upstreams, which are real here.</summary>
public sealed class UpstreamTlsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly X509Certificate2 _authority = TestCertificates.MakeAuthority();
    private readonly X509Certificate2 _certificate;
    private readonly ForwardingFixture _hub = new();

    public UpstreamTlsTests()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _certificate = TestCertificates.Make(_authority, null, "web.test");
        File.WriteAllText(_directory.File("ca.pem"), _authority.ExportCertificatePem());
    }

    private UpstreamTlsDefinition Verified => new() { Ca = _directory.File("ca.pem"), Sni = "web.test" };

    public void Dispose()
    {
        _hub.Dispose();
        _listener.Dispose();
        _certificate.Dispose();
        _authority.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bytes_pass_both_ways_and_each_end_of_a_direction_ends_only_that_one(bool withPool)
    {
        Connect(Verified, withPool);
        await ConverseAsync();
    }

    // The session tickets that an upstream sends behind its handshake come while the client ends, and TLS can't do both at once.
    [Fact]
    public async Task An_end_that_comes_with_what_an_upstream_says_by_itself_is_not_lost() =>
        await Task.WhenAll(Enumerable.Range(0, 4).Select(
        _ => Task.Run(async () =>
        {
            using var one = new UpstreamTlsTests();
            one.Connect(one.Verified);
            for (var turn = 0; turn < 25; turn++)
                await one.ConverseAsync();
        })));

    [Theory]
    [InlineData("other.test", true)]
    [InlineData("web.test", false)]
    public async Task A_certificate_for_another_name_or_of_an_unknown_authority_is_refused(string name, bool withAuthority)
    {
        Connect(new UpstreamTlsDefinition { Sni = name, Ca = withAuthority ? _directory.File("ca.pem") : null });
        var stream = _hub.OpenStream();
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            // Over TLS 1.3 a server learns it only with what it reads next.
            await using var upstream = await AcceptAsync();
            if (await upstream.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience.Limit) == 0)
                throw new IOException("ended");
        });
        Assert.Equal(ResetReason.ResetByPeer, await stream.ResetAsync());
        Assert.Equal(1, _hub.Streams.Failures[StreamFailure.UpstreamTls]);
        Assert.False(stream.IsAttached);
    }

    [Fact]
    public async Task Nothing_is_checked_where_the_operator_says_so_and_a_certificate_may_be_shown()
    {
        using var own = TestCertificates.Make(null, null, "hub.test");
        await File.WriteAllTextAsync(_directory.File("hub.pem"), TestCertificates.Pem(own));
        Connect(new UpstreamTlsDefinition { Verify = false, ClientCert = _directory.File("hub.pem") });
        var stream = _hub.OpenStream();
        await using var upstream = await AcceptAsync(asksForCertificate: true);
        await stream.AttachedAsync();
        Assert.Equal("CN=hub.test", upstream.RemoteCertificate!.Subject);
    }

    [Fact]
    public async Task Without_the_certificate_that_it_should_show_the_hub_says_nothing_to_a_target()
    {
        Connect(new UpstreamTlsDefinition { Verify = false, ClientCert = _directory.File("none.pem") });
        var stream = _hub.OpenStream();
        Assert.Equal(ResetReason.ResetByPeer, await stream.ResetAsync());
        Assert.Equal(1, _hub.Streams.Failures[StreamFailure.UpstreamTls]);
    }

    [Fact]
    public async Task An_upstream_that_never_answers_is_given_up_with_the_connect_time_out()
    {
        Connect(Verified);
        var stream = _hub.OpenStream();
        using var silent = await _listener.AcceptAsync().WaitAsync(Patience.Limit);
        _hub.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(ResetReason.ConnectTimeout, await stream.ResetAsync());
    }

    [Fact]
    public async Task A_reset_of_the_client_reaches_the_upstream_and_the_other_way_round()
    {
        Connect(Verified);
        var stream = _hub.OpenStream();
        await using (var upstream = await AcceptAsync())
        {
            var client = await stream.AttachedAsync();
            client.Start(stream);
            client.Reset(flush: true);
            await Assert.ThrowsAnyAsync<IOException>(() => upstream.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience.Limit));
        }

        stream = _hub.OpenStream();
        var socket = await _listener.AcceptAsync().WaitAsync(Patience.Limit);
        await using (var upstream = await AcceptAsync(socket))
        {
            var client = await stream.AttachedAsync();
            client.Start(stream);
            socket.LingerState = new LingerOption(true, 0);
            socket.Close();
            await Assert.ThrowsAsync<IOException>(() => ReadToEndAsync(client));
        }
    }

    private async Task ConverseAsync()
    {
        var stream = _hub.OpenStream();
        await using var upstream = await AcceptAsync();
        Assert.Equal("web.test", upstream.TargetHostName);
        var client = await stream.AttachedAsync();
        client.Start(stream);
        Assert.True(await client.WriteAsync("question"u8.ToArray()));
        await ReadsAsync(upstream, "question");
        client.ShutdownWrite();
        Assert.Equal(0, await upstream.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience.Limit));
        await upstream.WriteAsync("answer"u8.ToArray());
        await upstream.ShutdownAsync();
        Assert.Equal("answer", await ReadToEndAsync(client));
        client.Close();
        Assert.False(stream.WasReset);
    }

    private void Connect(UpstreamTlsDefinition tls, bool withPool = false) => _hub.ConnectEdge(new PortPolicyDefinition
    {
        TargetHost = "127.0.0.1",
        TargetPort = ((IPEndPoint)_listener.LocalEndPoint!).Port,
        Balance = withPool ? Balance.Random2 : null,
        ProxyProtocol = ProxyProtocol.Off,
        UpstreamTls = tls,
    });

    private async Task<SslStream> AcceptAsync(Socket? socket = null, bool asksForCertificate = false)
    {
        var stream = new SslStream(new NetworkStream(socket ?? await _listener.AcceptAsync().WaitAsync(Patience.Limit), ownsSocket: true));
        try
        {
            await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificate = _certificate,
                ClientCertificateRequired = asksForCertificate,
                RemoteCertificateValidationCallback = static (_, _, _, _) => true,
            }).WaitAsync(Patience.Limit);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private static async Task ReadsAsync(Stream stream, string text)
    {
        var bytes = new byte[text.Length];
        await stream.ReadExactlyAsync(bytes).AsTask().WaitAsync(Patience.Limit);
        Assert.Equal(text, Encoding.ASCII.GetString(bytes));
    }

    // Reads as a tunnel does; a fake stream is told of nothing, so the endpoint is asked again and again.
    private static async Task<string> ReadToEndAsync(ILocalEndpoint endpoint)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        var text = new StringBuilder();
        var buffer = new byte[100];
        while (true)
        {
            switch (endpoint.TryRead(buffer, out var count))
            {
                case LocalReadStatus.Data:
                    text.Append(Encoding.ASCII.GetString(buffer, 0, count));
                    break;
                case LocalReadStatus.EndOfFile:
                    return text.ToString();
                case LocalReadStatus.Reset:
                    throw new IOException("reset");
                default:
                    limit.Token.ThrowIfCancellationRequested();
                    await Task.Yield();
                    break;
            }
        }
    }
}
