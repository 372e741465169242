using System.Buffers.Text;
using System.Text;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.TestUtilities;

namespace Tunnel.FuzzTests.Targets;

/// <summary>The connection token: as text, and its JSON as it is before it is encoded.</summary>
internal static class TokenTarget
{
    private const string Secret = "s3cr3t-s3cr3t-s3cr3t";

    public static IReadOnlyList<byte[]> Seeds { get; } =
    [
        .. Words.Of(
            $$"""{"h":"hub.example.com","p":8443,"e":"edge-1","s":"{{Secret}}"}""",
            $$"""{"h":"192.0.2.1","p":1,"e":"e","s":"{{Secret}}","f":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","t":"quicWithFallback"}""",
            $$"""{"h":"2001:db8::1","p":65535,"e":"e","s":"{{Secret}}","f":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA"],"t":"quic","y":1}""",
            $$"""{"h":"vps.example","p":8443,"e":"e","s":"{{Secret}}","d":"hub","t":"tcpTls"}"""),
        Encoding.ASCII.GetBytes(new ConnectionToken("hub.example.com", 8443, "edge-1", Secret, []).Encode()),
    ];

    public static IReadOnlyList<byte[]> Tokens { get; } = Words.JsonAnd(Seeds, "=", "%3D", "-", "_", "+", "/", " ", "eyJ", "tcpTls");

    public static bool Run(ReadOnlySpan<byte> input)
    {
        var text = input.Length > 0 && input[0] == (byte)'{' ? Base64Url.EncodeToString(input) : Words.Text(input);
        if (!ConnectionToken.TryDecode(text, out var token, out var error))
        {
            Check.IsErrorText(error);
            Check.That(!error.Contains(Secret, StringComparison.Ordinal), "an error never tells the secret");
            return false;
        }

        Check.That(
            token.Secret != Secret || !(token with { Host = "", EdgeId = "" }).ToString().Contains(Secret, StringComparison.Ordinal),
            "the secret is masked");
        if (!ConnectionToken.TryDecode(token.Encode(), out var again, out error))
            throw new PropertyException($"what was encoded is not decoded: {error}");
        Check.Equal(token, again, "a token");
        return true;
    }
}
