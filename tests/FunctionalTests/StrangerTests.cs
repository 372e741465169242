using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>A peer that is no edge is turned away as protocol.md section 2 says, and healthy tunnels go on.</summary>
public sealed class StrangerTests : IAsyncLifetime
{
    private const string Unauthorized = """{"error":"unauthorized"}""" + "\n";
    private const string Malformed = """{"error":"malformed"}""" + "\n";

    private TunnelSetup _setup = null!;
    private TcpListener _upstream = null!;
    private StreamPair _healthy = null!;

    public async ValueTask InitializeAsync()
    {
        _setup = await TunnelSetup.StartAsync(
            policies: TunnelSetup.WithoutHeader, hubSettings: new JsonObject { ["limits"] = new JsonObject { ["authTimeout"] = 2 } });
        _upstream = _setup.Listen(_setup.Tcp[0]);
        _healthy = await _setup.OpenAsync(_upstream, _setup.Tcp[0]);
    }

    // Whatever a test did, the connection that was open before it goes on, and others can be made.
    public async ValueTask DisposeAsync()
    {
        await using (_setup)
        {
            await _healthy.AssertEchoAsync();
            await _setup.AssertCarriesAsync(_upstream, _setup.Tcp[0]);
            _healthy.Dispose();
            _upstream.Dispose();
        }
    }

    [Fact]
    public async Task A_wrong_secret_an_unknown_id_and_a_disabled_edge_get_the_same_answer()
    {
        var token = Decode(await _setup.Hub.AddEdgeAsync("disabled", [], []));
        Assert.Equal(0, (await _setup.Hub.RunAsync("edge", "disable", "disabled")).ExitCode);

        Assert.Equal(Unauthorized, await AnswerAsync($"EDGE {TunnelSetup.EdgeId} wrong-secret-wrong-secret\n"));
        Assert.Equal(Unauthorized, await AnswerAsync("EDGE nobody wrong-secret-wrong-secret\n"));
        Assert.Equal(Unauthorized, await AnswerAsync($"EDGE disabled {token.Secret}\n"));
    }

    [Theory]
    [InlineData("HELLO\n")]
    [InlineData("EDGE only-an-id\n")]
    [InlineData("EDGE bad/id secret-secret-secret\n")]
    [InlineData("\n")]
    public async Task A_malformed_first_line_is_answered_so(string line) => Assert.Equal(Malformed, await AnswerAsync(line));

    [Fact]
    public async Task Two_kibibytes_without_a_line_are_malformed() => Assert.Equal(Malformed, await AnswerAsync(new string('x', 2048)));

    [Fact]
    public async Task Silence_is_ended_by_the_time_limit()
    {
        using var peer = await TunnelPeer.ConnectAsync(_setup.Hub.EndPoint);

        Assert.DoesNotContain("listenPorts", await peer.ReadToEndAsync());
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: hub\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001\u0002\u0000 this is no ClientHello, whatever its first bytes say")]
    [InlineData("")]
    public async Task What_is_not_tls_is_closed(string bytes)
    {
        using var socket = await ConnectAsync(null);
        await socket.SendAllAsync(System.Text.Encoding.Latin1.GetBytes(bytes));

        // At most a TLS alert comes, then the end.
        Assert.InRange((await socket.DrainAsync()).Bytes, 0, 100);
    }

    [Theory]
    [InlineData("h2")]
    [InlineData("http/1.1")]
    [InlineData("smtp")]
    public async Task A_client_of_another_protocol_is_refused_in_the_handshake(string protocol)
    {
        var error = await Record.ExceptionAsync(async () =>
        {
            using var peer = await TunnelPeer.ConnectAsync(_setup.Hub.EndPoint, alpn: protocol);

            // With TLS 1.3 the client learns of the refusal with its first read.
            Assert.Equal("", await peer.ReadToEndAsync());
        });

        Assert.True(error is null or AuthenticationException or IOException, $"{error}");
    }

    [Fact]
    public async Task A_client_without_alpn_is_a_tunnel_peer()
    {
        using var peer = await TunnelPeer.ConnectAsync(_setup.Hub.EndPoint, alpn: null);
        await peer.SendAsync("EDGE nobody wrong-secret-wrong-secret\n");

        Assert.Equal(Unauthorized, await peer.ReadToEndAsync());
    }

    [Fact]
    public async Task An_edge_whose_pin_is_not_the_hubs_never_says_its_secret()
    {
        var other = Decode(await _setup.Hub.AddEdgeAsync("pinned", [], []));
        var wrong = (other with { Pins = ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] }).Encode();

        await using var edge = EdgeProcess.Start(_setup.Directory, wrong, LoopbackAddresses.Next());
        await Eventually.IsTrueAsync(
            async () => await edge.StatusAsync() is { } status && status.GetProperty("lastError").GetString() is { } error
                && error.Contains("pin", StringComparison.OrdinalIgnoreCase),
            "the edge to name the pin", explain: () => edge.Process.Log);

        Assert.Null(await _setup.Hub.ConnectedEdgeAsync("pinned"));
        Assert.DoesNotContain(other.Secret, edge.Process.Log);
        Assert.DoesNotContain(other.Secret, _setup.Hub.Process.Log);
    }

    [Fact]
    public async Task Two_thousand_strangers_that_only_connect_keep_no_edge_out()
    {
        var strangers = new List<Socket>();
        try
        {
            // They come from 50 addresses, so that the limit for one address (64) does not turn them away first.
            foreach (var source in Enumerable.Range(0, 50).Select(_ => LoopbackAddresses.Next()))
            {
                for (var count = 0; count < 40; count++)
                {
                    strangers.Add(await ConnectAsync(source));
                }
            }

            await _healthy.AssertEchoAsync();
            var token = Decode(await _setup.Hub.AddEdgeAsync("latecomer", [], []));
            using var peer = await TunnelPeer.ConnectAsync(_setup.Hub.EndPoint, LoopbackAddresses.Next());
            await peer.SendAsync($"EDGE latecomer {token.Secret}\n");
            Assert.Contains("listenPorts", await peer.ReadLineAsync());
            Assert.InRange((await _setup.Hub.StatusAsync()).GetProperty("strangers").GetInt32(), 0, 1024);
        }
        finally
        {
            strangers.ForEach(stranger => stranger.Dispose());
        }

        await Eventually.IsTrueAsync(
            async () => (await _setup.Hub.StatusAsync()).GetProperty("strangers").GetInt32() == 0, "the hub to forget the strangers");
    }

    private static ConnectionToken Decode(string text) =>
        ConnectionToken.TryDecode(text, out var token, out var error) ? token : throw new FormatException(error);

    private async Task<string> AnswerAsync(string line)
    {
        using var peer = await TunnelPeer.ConnectAsync(_setup.Hub.EndPoint);
        await peer.SendAsync(line);
        return await peer.ReadToEndAsync();
    }

    private async Task<Socket> ConnectAsync(IPAddress? source)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (source is not null)
        {
            socket.Bind(new IPEndPoint(source, 0));
        }

        await socket.ConnectAsync(_setup.Hub.EndPoint);
        return socket;
    }
}
