using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>A port as a number, a range as a string <c>"8000-8010"</c>.</summary>
internal sealed class PortRangeJsonConverter : JsonConverter<PortRange>
{
    public override PortRange Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var port))
            return port;
        if (reader.TokenType == JsonTokenType.String && TryParse(reader.GetString()!, out var range))
            return range;
        throw new JsonException("A port is a number, or a range such as \"8000-8010\".");
    }

    public override void Write(Utf8JsonWriter writer, PortRange value, JsonSerializerOptions options)
    {
        if (value.Count == 1)
            writer.WriteNumberValue(value.First);
        else
            writer.WriteStringValue(value.ToString());
    }

    /// <summary>Takes <c>443</c> and <c>8000-8010</c>; whether the numbers are ports is the validator's business.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PortRange range)
    {
        range = default;
        var dash = text.IndexOf('-');
        var first = dash < 0 ? text : text[..dash];
        var last = dash < 0 ? text : text[(dash + 1)..];
        if (!TryParseNumber(first, out var low) || !TryParseNumber(last, out var high))
            return false;
        range = new PortRange(low, high);
        return true;
    }

    private static bool TryParseNumber(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
