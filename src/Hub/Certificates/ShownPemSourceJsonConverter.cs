using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tunnel.Hub.Certificates;

/// <summary>Writes a path or PEM text as operators may see it: in place of a key is what stands for it.</summary>
internal sealed class ShownPemSourceJsonConverter : JsonConverter<PemSource>
{
    /// <inheritdoc/>
    public override PemSource Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        new(reader.GetString() ?? "");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, PemSource value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Shown);
}
