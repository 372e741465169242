using System.Net.Sockets;
using System.Text;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>One direction of a connection ends while the other goes on.</summary>
public sealed class HalfCloseTests(RawTunnel tunnel) : IClassFixture<RawTunnel>
{
    private readonly TunnelSetup _setup = tunnel.Setup;

    [Fact]
    public async Task Netcat_ends_its_request_and_then_gets_the_answer()
    {
        var port = tunnel.NextPort();
        using var upstream = _setup.Listen(port);
        var answering = AnswerAfterTheEndAsync(upstream);

        var netcat = await ManagedProcess.RunAsync(
            DebianProgram.Netcat, ["-N", "-w", "20", _setup.EdgeAddress.ToString(), $"{port}"], input: "a request that ends with FIN");

        Assert.Equal("a request that ends with FIN", await answering);
        Assert.Equal("the answer", netcat.Succeeded().StandardOutput);
    }

    [Fact]
    public async Task The_client_sends_on_after_the_upstream_has_ended()
    {
        var port = tunnel.NextPort();
        using var upstream = _setup.Listen(port);
        using var pair = await _setup.OpenAsync(upstream, port);

        await pair.Server.SendAllAsync("all I had to say"u8.ToArray());
        pair.Server.Shutdown(SocketShutdown.Send);
        Assert.Equal((16, StreamEnd.Finished), await pair.Client.DrainAsync());

        var body = new byte[3 << 20];
        Random.Shared.NextBytes(body);
        var receiving = pair.Server.ReceiveExactlyAsync(body.Length);
        await pair.Client.SendAllAsync(body);
        Assert.Equal(body, await receiving);
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal((0, StreamEnd.Finished), await pair.Server.DrainAsync());
    }

    [Fact]
    public async Task The_end_comes_after_everything_that_was_sent_before_it()
    {
        var port = tunnel.NextPort();
        using var upstream = _setup.Listen(port);
        foreach (var length in new[] { 0, 1, 65_535, 65_536, 1 << 20, 10 << 20 })
        {
            using var pair = await _setup.OpenAsync(upstream, port);
            var atServer = pair.Server.DrainAsync();
            var atClient = pair.Client.DrainAsync();
            await Task.WhenAll(SendAndEndAsync(pair.Client, length), SendAndEndAsync(pair.Server, length));

            Assert.Equal((length, StreamEnd.Finished), await atServer);
            Assert.Equal((length, StreamEnd.Finished), await atClient);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_orderly_close_never_turns_into_a_reset(bool clientFirst)
    {
        var port = tunnel.NextPort();
        using var upstream = _setup.Listen(port);
        for (var round = 0; round < 200; round++)
        {
            using var pair = await _setup.OpenAsync(upstream, port);
            var (first, second) = clientFirst ? (pair.Client, pair.Server) : (pair.Server, pair.Client);
            var length = Random.Shared.Next(0, 100_000);
            var ending = SendAndEndAsync(first, length);
            Assert.Equal((length, StreamEnd.Finished), await second.DrainAsync());
            await ending;

            // All was read, so that this is an orderly close of the whole socket.
            await second.SendAllAsync(new byte[100]);
            second.Dispose();
            Assert.Equal((100, StreamEnd.Finished), await first.DrainAsync());
        }
    }

    private static async Task SendAndEndAsync(Socket socket, int length)
    {
        await socket.SendAllAsync(new byte[length]);
        socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task<string> AnswerAfterTheEndAsync(TcpListener upstream)
    {
        using var server = await upstream.AcceptSocketAsync().WaitAsync(TimeSpan.FromSeconds(30));
        var request = new StringBuilder();
        Assert.Equal(StreamEnd.Finished, (await server.DrainAsync(part => request.Append(Encoding.ASCII.GetString(part.Span)))).End);
        await server.SendAllAsync("the answer"u8.ToArray());
        return request.ToString();
    }
}
