using System.Net;
using System.Text;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Quic.Streams;

namespace Tunnel.Shared.UnitTests.Transport.Quic;

public sealed class OpeningLinesTests
{
    private const string Lines = "PROXY TCP4 203.0.113.9 198.51.100.1 50000 443\r\nPORT 8443\r\n";

    [Fact]
    public void In_pieces_of_any_size_they_end_where_the_clients_bytes_begin()
    {
        // A client's first bytes must not be taken for a line, whatever they look like.
        var bytes = Encoding.ASCII.GetBytes(Lines + "PORT 1\r\n");
        for (var size = 1; size <= bytes.Length; size++)
        {
            var lines = new OpeningLines(moves: false);
            var taken = 0;
            while (!lines.IsComplete)
                taken += lines.Take(bytes.AsSpan(taken, Math.Min(size, bytes.Length - taken)));

            Assert.Equal(Lines.Length, taken);
            var opening = lines.Parse();
            Assert.Equal(new IPEndPoint(IPAddress.Parse("203.0.113.9"), 50_000), opening!.Value.Source);
            Assert.Equal(8443, opening.Value.ListeningPort);
        }
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: hub\r\n")]
    [InlineData("PROXY TCP4 203.0.113.9 198.51.100.1 50000 443\r\nPORT 0\r\n")]
    [InlineData("PROXY TCP4 203.0.113.9 198.51.100.1 50000 443\r\n\r\n")]
    [InlineData("\n\n")]
    public void Others_are_none(string text)
    {
        var lines = new OpeningLines(moves: false);
        Assert.Equal(text.Length, lines.Take(Encoding.ASCII.GetBytes(text)));
        Assert.True(lines.IsComplete);
        Assert.Null(lines.Parse());
    }

    [Fact]
    public void Endless_ones_are_refused()
    {
        var lines = new OpeningLines(moves: false);
        Assert.Equal(OpenPayload.MaxLength, lines.Take(new byte[OpenPayload.MaxLength]));
        Assert.Equal(-1, lines.Take(new byte[1]));
    }
}
