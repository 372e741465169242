using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tunnel.Hub.Certificates;

/// <summary>Reads and writes a path or PEM text as it is, for the hub's own state.</summary>
internal class PemSourceJsonConverter : JsonConverter<PemSource>
{
    /// <inheritdoc/>
    public override PemSource Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        new(reader.GetString() ?? "");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, PemSource value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Value);
}
