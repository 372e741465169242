using System.Text.Json;

namespace Tunnel.Hub.Certificates;

/// <summary>Writes a path or PEM text as operators may see it: in place of a key is what stands for it.</summary>
internal sealed class ShownPemSourceJsonConverter : PemSourceJsonConverter
{
    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, PemSource value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Shown);
}
