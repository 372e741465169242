using Tunnel.FuzzTests.Engine;
using Tunnel.Shared.Protocol.Handshake;

namespace Tunnel.FuzzTests.Targets;

/// <summary>The two lines of the handshake, and what reads them.</summary>
internal static class HandshakeTargets
{
    private const string Secret = "s3cr3t-s3cr3t-s3cr3t";

    public static IReadOnlyList<byte[]> EdgeSeeds { get; } = Words.Of(
        "EDGE edge-1 0123456789abcdef", $"EDGE a.b_c-D {Secret}", "EDGE e !", $"EDGE {new string('e', 64)} {new string('~', 256)}");

    public static IReadOnlyList<byte[]> HubSeeds { get; } =
    [
        "{\"error\":\"unauthorized\"}"u8.ToArray(), "{\"error\":\"busy\",\"x\":[1,{}]}"u8.ToArray(), .. MessageTargets.ConfigSeeds,
    ];

    public static bool RunEdgeLine(ReadOnlySpan<byte> input)
    {
        if (!EdgeLine.TryParse(input, out var id, out var secret, out var error))
        {
            Check.IsErrorText(error);
            Check.That(!error.Contains(Secret, StringComparison.Ordinal), "an error never tells the secret");
            return false;
        }

        Span<byte> line = stackalloc byte[EdgeLine.MaxLength];
        var length = EdgeLine.Write(line, id, secret);
        Check.Same(input, line[..(length - 1)], "a line that is taken is what we would write");
        return true;
    }

    public static bool RunHubLine(ReadOnlySpan<byte> input)
    {
        if (!HubLine.TryParse(input, out var config, out var refusal, out var error))
        {
            Check.IsErrorText(error);
            return false;
        }

        if (refusal is not null)
        {
            Check.IsErrorText(refusal);
            return true;
        }

        // The firewall's text is its own reader's to judge.
        var line = HubLine.Serialize(config! with { FirewallConfig = null });
        Check.That(HubLine.TryParse(line.AsSpan(0, line.Length - 1), out var again, out _, out _), "what was written is read");
        Check.Same(line, HubLine.Serialize(again!), "a configuration survives the line");
        return true;
    }

    /// <summary>Reads a line: however the bytes come, it is what is before the newline, and the rest is kept.</summary>
    public static FuzzAction LineReader()
    {
        var stream = new PiecesStream();
        return input =>
        {
            if (input.Length < 2)
                return false;
            var max = 1 + (input[0] * 4);
            stream.Start(input[2..], 1 + input[1]);
            var (line, after, tooLong) =
                Tunnel.Shared.Transport.Handshake.LineReader.ReadAsync(stream, max, CancellationToken.None).GetAwaiter().GetResult();
            var content = input[2..];
            var newline = content.IndexOf((byte)'\n');
            if (line is { } text)
            {
                Check.That(!tooLong && text.Length < max, "a line is within its limit");
                Check.Same(content[..newline], text.Span, "the line");
                Check.Same(content.Slice(newline + 1, after.Length), after.Span, "what came behind it");
                return true;
            }

            Check.That(newline < 0 || newline >= max, "a line within its limit is read");
            Check.That(tooLong ? content.Length >= max : newline < 0, "too long is told from the end");
            return false;
        };
    }
}
