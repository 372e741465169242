using System.IO.Pipelines;
using System.Net.Security;
using Tunnel.Shared.Relay;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Relay;

public sealed class TlsTurnTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_session_ends_only_while_who_reads_waits_for_the_peer()
    {
        var (there, back) = (new Pipe(), new Pipe());
        var below = new PipeStream(new Ends(back.Reader, there.Writer));
        using var certificate = TestCertificates.Make(null, null, "one.test");
        await using var client = new SslStream(below, false, static (_, _, _, _) => true);
        await using var server = new SslStream(new PipeStream(new Ends(there.Reader, back.Writer)));
        await Task.WhenAll(client.AuthenticateAsClientAsync("one.test"), server.AuthenticateAsServerAsync(certificate)).WaitAsync(Limit);

        // The side that has made the handshake still has the turn.
        var end = below.Turn.EndAsync(client);
        Assert.False(end.IsCompleted);
        var read = client.ReadAsync(new byte[1]).AsTask();
        await end.WaitAsync(Limit);
        Assert.Equal(0, await server.ReadAsync(new byte[1]).AsTask().WaitAsync(Limit));
        // The other direction goes on.
        await server.WriteAsync(new byte[1]);
        Assert.Equal(1, await read.WaitAsync(Limit));
        Assert.False(below.Turn.EnterAsync().IsCompleted);
    }

    private sealed record Ends(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
