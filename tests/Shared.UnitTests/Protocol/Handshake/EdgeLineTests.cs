using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tunnel.Shared.Protocol.Handshake;

namespace Tunnel.Shared.UnitTests.Protocol.Handshake;

public class EdgeLineTests
{
    [Fact]
    public void The_line_is_frozen()
    {
        var buffer = new byte[EdgeLine.MaxLength];
        var length = EdgeLine.Write(buffer, "edge-nyc-01", "s3cret!~");

        Assert.Equal("EDGE edge-nyc-01 s3cret!~\n"u8, buffer.AsSpan(0, length));
        Assert.Equal(1024, EdgeLine.MaxLength);
    }

    [Fact]
    public void What_is_written_is_read_again_the_same() =>
        Prop.ForAll(Generators.EdgeId.ToArbitrary(), Generators.Secret.ToArbitrary(), (id, secret) =>
        {
            var buffer = new byte[EdgeLine.MaxLength];
            var line = buffer.AsSpan(0, EdgeLine.Write(buffer, id, secret));
            return EdgeLine.TryParse(line[..^1], out var readId, out var readSecret, out _) && (readId, readSecret) == (id, secret);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("")]
    [InlineData("EDGE")]
    [InlineData("EDGE ")]
    [InlineData("EDGE id")]
    [InlineData("EDGE id ")]
    [InlineData("EDGE  secret")]
    [InlineData("EDGE  id secret")]
    [InlineData("EDGE id  secret")]
    [InlineData("EDGE id secret ")]
    [InlineData("EDGE id sec ret")]
    [InlineData("EDGE id secret\r")]
    [InlineData("EDGE id\tsecret")]
    [InlineData("edge id secret")]
    [InlineData(" EDGE id secret")]
    [InlineData("EDGE i/d secret")]
    [InlineData("EDGE id secr\u00e9t")]
    [InlineData("EDGE id sec\0ret")]
    [InlineData("GET / HTTP/1.1")]
    public void A_malformed_line_is_refused(string line)
    {
        Assert.False(EdgeLine.TryParse(Encoding.UTF8.GetBytes(line), out var id, out var secret, out var error));
        Assert.Null(id);
        Assert.Null(secret);
        Assert.NotEmpty(error);
    }

    [Theory]
    [InlineData(64, 256, true)]
    [InlineData(65, 256, false)]
    [InlineData(64, 257, false)]
    [InlineData(1, 1016, false)]
    [InlineData(1, 1_000_000, false)]
    public void Lengths_are_limited(int idLength, int secretLength, bool valid)
    {
        var line = Encoding.ASCII.GetBytes($"EDGE {new string('i', idLength)} {new string('s', secretLength)}");
        Assert.Equal(valid, EdgeLine.TryParse(line, out _, out _, out _));
    }

    [Theory]
    [InlineData(1023, "the secret is longer than 256 characters")]
    [InlineData(1024, "the line is longer than 1024 bytes")] // The newline counts too.
    public void The_whole_line_is_limited_with_its_newline(int length, string expected)
    {
        Assert.False(EdgeLine.TryParse(Encoding.ASCII.GetBytes("EDGE id ".PadRight(length, 's')), out _, out _, out var error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void An_error_never_quotes_what_may_be_a_secret() =>
        HostileInput.Feed(
            input =>
            {
                if (!EdgeLine.TryParse(input, out _, out _, out var error))
                    Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);
            },
            ["EDGE i/d hunter2hunter2hunter2"u8.ToArray(), "EDGE id hunter2 hunter2"u8.ToArray()]);

    [Theory]
    [InlineData("a", true)]
    [InlineData("A.b_c-9", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("a b", false)]
    [InlineData("a/b", false)]
    [InlineData("\u00e9", false)]
    [InlineData("a\n", false)]
    public void An_edge_id_is_of_few_characters(string? id, bool valid) => Assert.Equal(valid, EdgeLine.IsValidEdgeId(id));

    [Theory]
    [InlineData("!", true, false)]
    [InlineData("123456789012345", true, false)]
    [InlineData("1234567890123456", true, true)]
    [InlineData("", false, false)]
    [InlineData(null, false, false)]
    [InlineData("with a space in it", false, false)]
    [InlineData("with\u007fdelete-in-it", false, false)]
    public void A_secret_is_printable_and_a_new_one_is_long(string? secret, bool valid, bool validAsNew)
    {
        Assert.Equal(valid, EdgeLine.IsValidSecret(secret));
        Assert.Equal(validAsNew, EdgeLine.IsValidNewSecret(secret));
    }

    [Fact]
    public void An_invalid_id_or_secret_is_never_written()
    {
        var buffer = new byte[EdgeLine.MaxLength];
        Assert.Throws<ArgumentException>("id", () => EdgeLine.Write(buffer, "a b", "secret"));
        Assert.Throws<ArgumentException>("secret", () => EdgeLine.Write(buffer, "a", "secret\nEDGE b x"));
    }

    [Fact]
    public void No_input_throws() =>
        HostileInput.FeedBounded(
            input => Assert.Equal(EdgeLine.TryParse(input, out var id, out _, out var error), id is not null && error is null),
            ["EDGE edge-nyc-01 0123456789abcdef"u8.ToArray()],
            maxAllocated: 4 * 1024);
}
