using System.Buffers.Text;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tunnel.Shared.Protocol.Tokens;

namespace Tunnel.Shared.UnitTests.Protocol.Tokens;

public class ConnectionTokenTests
{
    private const string Pin = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    private const string OtherPin = "HxwdHhsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA";

    private static readonly ConnectionToken Token = new("hub.example.com", 8443, "edge-nyc-01", "s3cr+t<>&0123456", []);

    [Fact]
    public void A_token_is_frozen()
    {
        const string json = """{"h":"hub.example.com","p":8443,"e":"edge-nyc-01","s":"s3cr+t<>&0123456"}""";
        Assert.Equal(
            "eyJoIjoiaHViLmV4YW1wbGUuY29tIiwicCI6ODQ0MywiZSI6ImVkZ2UtbnljLTAxIiwicyI6InMzY3IrdDw-JjAxMjM0NTYifQ", Token.Encode());
        Assert.Equal(json, Json(Token));
    }

    [Fact]
    public void One_pin_is_a_string_and_several_are_a_list()
    {
        Assert.EndsWith($",\"f\":\"{Pin}\"}}", Json(Token with { Pins = [Pin] }), StringComparison.Ordinal);
        Assert.EndsWith($",\"f\":[\"{Pin}\",\"{OtherPin}\"]}}", Json(Token with { Pins = [Pin, OtherPin] }), StringComparison.Ordinal);
        Assert.DoesNotContain("\"f\"", Json(Token with { Pins = default }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TransportMode.TcpTls, "tcpTls")]
    [InlineData(TransportMode.Quic, "quic")]
    [InlineData(TransportMode.QuicWithFallback, "quicWithFallback")]
    public void The_transport_is_a_word_and_left_out_when_nobody_chose(TransportMode mode, string word)
    {
        var token = Token with { Transport = mode };
        Assert.EndsWith($",\"t\":\"{word}\"}}", Json(token), StringComparison.Ordinal);
        Assert.Equal(mode, Decode(token.Encode()).Transport);
        Assert.NotEqual(Token, token);
        Assert.Null(Decode(Token.Encode()).Transport);
    }

    [Fact]
    public void A_hub_that_dials_is_a_word_and_goes_with_tls_only()
    {
        var token = Token with { HubDials = true };
        Assert.EndsWith(",\"d\":\"hub\"}", Json(token), StringComparison.Ordinal);
        Assert.True(Decode(token.Encode()).HubDials);
        Assert.NotEqual(Token, token);
        Assert.False(ConnectionToken.TryDecode((token with { Transport = TransportMode.Quic }).Encode(), out _, out var error));
        Assert.Contains("where the hub dials (d) there is only tcpTls", error);
    }

    [Fact]
    public void Further_hubs_are_a_list_in_which_the_first_hubs_port_and_pins_may_be_left_out()
    {
        var token = Token with { Pins = [Pin], FurtherHubs = [new("hub2.example.com", 8443, []), new("192.0.2.7", 9443, [OtherPin])] };
        Assert.EndsWith(
            $$""","x":[{"h":"hub2.example.com","p":8443},{"h":"192.0.2.7","p":9443,"f":"{{OtherPin}}"}]}""", Json(token),
            StringComparison.Ordinal);
        Assert.Equal(token, Decode(token.Encode()));
        Assert.NotEqual(Token with { Pins = [Pin] }, token);
        Assert.Equal([new HubAddress("h2", 1, [])], Decode(Encode("""{"h":"h","p":1,"e":"e","s":"s","x":[{"h":"h2"}]}""")).FurtherHubs);
        Assert.Equal([], Decode(Encode("""{"h":"h","p":1,"e":"e","s":"s","x":[]}""")).FurtherHubs);
    }

    [Theory]
    [InlineData("""[{"p":1}]""", "x.h is missing")]
    [InlineData("""[{"h":"a b"}]""", "x.h is missing, or is not a host name")]
    [InlineData("""[{"h":"a","p":0}]""", "x.p")]
    [InlineData("""[{"h":"a","f":"short"}]""", "f is not a pin")]
    [InlineData("""["a"]""", "x (further hubs) is not a list of objects")]
    [InlineData("""{"h":"a"}""", "x")]
    [InlineData("""[{"h":"1"},{"h":"2"},{"h":"3"},{"h":"4"},{"h":"5"},{"h":"6"},{"h":"7"},{"h":"8"}]""", "x")]
    [InlineData("""[{"h":"a"}],"d":"hub" """, "only one hub can dial an edge")]
    public void Further_hubs_are_refused_with_what_is_wrong(string hubs, string what)
    {
        Assert.False(ConnectionToken.TryDecode(Encode($$"""{"h":"h","p":1,"e":"e","s":"s","x":{{hubs}}}"""), out _, out var error));
        Assert.Contains(what, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("=")]
    [InlineData("==")]
    public void Padding_and_space_around_do_not_matter(string padding)
    {
        // The JSON has 76, 75 or 77 bytes, so that base64 ends with each padding that there is.
        var token = Token with { EdgeId = "edge-nyc-01"[..(11 - padding.Length)] };
        var text = Convert.ToBase64String(Encoding.UTF8.GetBytes(Json(token))).Replace('+', '-').Replace('/', '_');
        Assert.Equal(token, Decode($" \n\t{text}\r\n"));
        Assert.Equal(token, Decode(text.TrimEnd('=')));
    }

    [Fact]
    public void Members_of_later_versions_are_ignored() =>
        Assert.Equal(
            new ConnectionToken("h", 1, "e", "s", [Pin]),
            Decode(Encode($$"""{"w":[{"h":"other"}],"y":"quic","h":"h","p":1,"e":"e","s":"s","f":["{{Pin}}"],"z":null}""")));

    [Theory]
    [InlineData("hub.example.com")]
    [InlineData("my_hub")]
    [InlineData("192.0.2.1")]
    [InlineData("2001:db8::1")]
    [InlineData("[2001:db8::1]")]
    public void A_host_is_a_name_or_an_address(string host) => Assert.Equal(host, Decode((Token with { Host = host }).Encode()).Host);

    [Theory]
    [InlineData(
        "{}", "h (the hub's host) is missing; p (the hub's port) is missing; e (the edge's id) is missing; s (the secret) is missing")]
    [InlineData("""{"p":1,"e":"e","s":"s"}""", "h (the hub's host) is missing")]
    [InlineData("""{"h":null,"p":1,"e":"e","s":"s"}""", "h (the hub's host) is missing")]
    [InlineData("""{"h":"h","e":"e","s":"s"}""", "p (the hub's port) is missing")]
    [InlineData("""{"h":"h","p":1,"s":"s"}""", "e (the edge's id) is missing")]
    [InlineData("""{"h":"h","p":1,"e":"e"}""", "s (the secret) is missing")]
    [InlineData("""{"h":"h","p":0,"e":"e","s":"s"}""", "p: the value is not an integer from 1 to 65535")]
    [InlineData("""{"h":"h","p":65536,"e":"e","s":"s"}""", "p: the value is not an integer from 1 to 65535")]
    [InlineData("""{"h":"h","p":"1","e":"e","s":"s"}""", "p: the value is not an integer from 1 to 65535")]
    [InlineData("""{"h":"a host","p":1,"e":"e","s":"s"}""", "h is not a host name or an address")]
    [InlineData(
        """{"h":"010.0.0.1","p":1,"e":"e","s":"s"}""",
        "h looks like a number: an IPv4 address is four decimal numbers from 0 to 255 without leading zeros, such as 10.0.0.1")]
    [InlineData("""{"h":"h","p":1,"e":"a/b","s":"s"}""", "e is not 64 or fewer of A-Z a-z 0-9 . _ -")]
    [InlineData("""{"h":"h","p":1,"e":"e","s":"a b"}""", "s is not 256 or fewer printable ASCII characters without spaces")]
    [InlineData("""{"h":"h","p":1,"e":"e","s":12345}""", "s: the value is not a string")]
    [InlineData("""{"h":"h","p":1,"e":"e","s":"s","f":"short"}""", "f is not a pin (base64url of 32 bytes) or a list of pins")]
    [InlineData("""{"h":"h","p":1,"e":"e","s":"s","f":5}""", "f: the value is not a list")]
    [InlineData("""{"h":"h","p":1,"e":"e","s":"s","t":"udp"}""", "t (the transport) is none of tcpTls, quic, quicWithFallback")]
    [InlineData("""{"h":"h","p":1,"e":"e","s":"s","t":1}""", "t: the value is not a string")]
    [InlineData("[]", "a list is not a JSON object")]
    [InlineData("hello", "not valid JSON, or nested deeper than 32 levels, at byte 0 of line 1")]
    public void What_is_wrong_with_the_content_is_said(string json, string expected)
    {
        Assert.False(ConnectionToken.TryDecode(Encode(json), out var token, out var error));
        Assert.Null(token);
        Assert.Equal($"the token's content is wrong: {expected}", error);
    }

    [Theory]
    [InlineData(null, "the token is empty")]
    [InlineData(" \n", "the token is empty")]
    [InlineData("not a token!", "the token is not base64url")]
    [InlineData("abc%", "the token is not base64url")]
    [InlineData("e30+", "the token is not base64url")]
    [InlineData("e30/", "the token is not base64url")]
    [InlineData("e", "the token is not base64url")]
    [InlineData("e30==", "the token is not base64url")]
    [InlineData("=e30", "the token is not base64url")]
    public void What_is_no_token_is_said(string? text, string expected)
    {
        Assert.False(ConnectionToken.TryDecode(text, out _, out var error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void A_token_has_4096_characters_at_most()
    {
        Assert.False(ConnectionToken.TryDecode(new string('A', 4097), out _, out var error));
        Assert.Equal("the token has 4097 characters, more than 4096", error);
        Assert.False(ConnectionToken.TryDecode(new string('A', 4096), out _, out error));
        Assert.StartsWith("the token's content is wrong", error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_longest_token_that_can_be_made_can_be_read()
    {
        var token = new ConnectionToken(
            string.Join('.', Enumerable.Repeat(new string('h', 62), 4)), 65535, new string('e', 64), new string('\\', 256),
            [.. Enumerable.Repeat(Pin, 16)]);
        Assert.Equal(token, Decode(token.Encode()));
    }

    [Fact]
    public void The_secret_shows_nowhere()
    {
        Assert.Equal(
            "ConnectionToken { Host = hub.example.com, Port = 8443, EdgeId = edge-nyc-01, Secret = ***, Pins = 0, Transport = any }",
            Token.ToString());
        Assert.DoesNotContain(Token.Secret, $"{Token}", StringComparison.Ordinal);

        foreach (var json in (string[])[
            """{"s":"hunter2","s":1}""", """{"h":["hunter2"]}""", """{"p":"hunter2","s":5}""", "hunter2", """{"s":"hunter2 """])
        {
            Assert.False(ConnectionToken.TryDecode(Encode(json), out _, out var error));
            Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Tokens_are_compared_by_value()
    {
        Assert.Equal(Token with { Pins = [Pin] }, Token with { Pins = [Pin] });
        Assert.NotEqual(Token with { Pins = [Pin] }, Token with { Pins = [OtherPin] });
        Assert.NotEqual(Token, Token with { Secret = "other" });
        Assert.Equal(Token, Token with { Pins = default });
        Assert.Equal(Token.GetHashCode(), (Token with { Pins = default }).GetHashCode());
    }

    [Fact]
    public void What_is_written_is_read_again_the_same() =>
        Prop.ForAll(Tokens.ToArbitrary(), token => Decode(token.Encode()) == token && !token.Encode().Contains('='))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void No_input_throws()
    {
        HostileInput.FeedBounded(
            input => Assert.Equal(
                ConnectionToken.TryDecode(Encoding.Latin1.GetString(input), out var token, out var error),
                token is not null && error is null),
            [Encoding.ASCII.GetBytes((Token with { Pins = [Pin, OtherPin] }).Encode())],
            maxAllocated: 128 * 1024);
        HostileInput.FeedBounded(
            input => Assert.Equal(
                ConnectionToken.TryDecode(Base64Url.EncodeToString(input), out var token, out var error),
                token is not null && error is null),
            [Encoding.ASCII.GetBytes(Json(Token with { Pins = [Pin, OtherPin] }))],
            maxAllocated: 128 * 1024);
    }

    private static Gen<ConnectionToken> Tokens { get; } =
        from host in Gen.Elements("localhost", "hub.example.com", "192.0.2.1", "2001:db8::1")
        from port in Generators.Port
        from id in Generators.EdgeId
        from secret in Generators.Secret
        from pinCount in Gen.Choose(0, 3)
        from pins in Generators.Bytes(32).ArrayOf(pinCount)
        select new ConnectionToken(host, port, id, secret, [.. pins.Select(pin => Base64Url.EncodeToString(pin))]);

    private static string Json(ConnectionToken token) => Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token.Encode()));

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    private static ConnectionToken Decode(string text)
    {
        Assert.True(ConnectionToken.TryDecode(text, out var token, out var error), error);
        return token;
    }
}
