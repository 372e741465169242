using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Text;

namespace Tunnel.Shared.UnitTests.Text;

public sealed class PlainJsonTests
{
    [Theory]
    [InlineData(
        "There is no edge \"nope\"; valid are 1–16 of 'a' <&> + é 端口 😀",
        """There is no edge \"nope\"; valid are 1–16 of 'a' <&> + é 端口 😀""")]
    [InlineData("", "")]
    [InlineData("a\\b\r\n\t\u001b[2J\u007f\u009b", """a\\b\r\n\t\u001B[2J\u007F\u009B""")]
    [InlineData("\u202etxt\u2066\u2028\u200b", """\u202Etxt\u2066\u2028\u200B""")]
    [InlineData("\U000e0041", """\uDB40\uDC41""")]
    public void Text_stays_as_it_is_but_for_what_JSON_or_a_terminal_would_take_otherwise(string text, string written)
    {
        Assert.Equal($$"""{"t":"{{written}}"}""", new JsonObject { ["t"] = text }.ToJsonString(PlainJson.OfNodes));
        Assert.Equal(text, JsonNode.Parse($$"""{"t":"{{written}}"}""")!["t"]!.GetValue<string>());

        // The result is the same from UTF-8, as what was parsed is written again.
        using var parsed = JsonDocument.Parse(JsonSerializer.Serialize(text));
        using var output = new MemoryStream();
        using (var writer = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = PlainJson.Encoder }))
            parsed.WriteTo(writer);
        Assert.Equal($"\"{written}\"", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public void Half_a_character_is_replaced() =>
        Assert.Equal("a\ufffdb", JsonNode.Parse($"\"{PlainJson.Encoder.Encode("a\ud800b")}\"")!.GetValue<string>());

    [Fact]
    public void A_long_text_is_whole()
    {
        var text = string.Concat(Enumerable.Repeat("–\"\u202e😀", 5_000));
        Assert.Equal(text, JsonNode.Parse($"\"{PlainJson.Encoder.Encode(text)}\"")!.GetValue<string>());
    }

    [Fact]
    public void A_doctors_report_is_written_so() =>
        Assert.Contains(
            "\"detail\": \"valid are 1–4, not \\\"5\\\"\"",
            CheckReport.Of([new CheckResult("settings", CheckStatus.Ok, "valid are 1–4, not \"5\"")]).ToJson(),
            StringComparison.Ordinal);
}
