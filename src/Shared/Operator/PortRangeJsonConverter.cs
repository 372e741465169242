using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tunnel.Shared.Operator;

/// <summary>Reads and writes a port as a JSON number, and a range as a string such as <c>"8000-8010"</c>.</summary>
public sealed class PortRangeJsonConverter : JsonConverter<PortRange>
{
    /// <inheritdoc/>
    public override PortRange Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var port))
            return port;
        if (reader.TokenType == JsonTokenType.String && PortRange.TryParse(reader.GetString()!, out var range))
            return range;
        throw new JsonException("A port is a number, or a range such as \"8000-8010\".");
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, PortRange value, JsonSerializerOptions options)
    {
        if (value.Count == 1)
            writer.WriteNumberValue(value.First);
        else
            writer.WriteStringValue(value.ToString());
    }
}
