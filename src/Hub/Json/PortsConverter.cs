using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Json;

/// <summary>Writes ports as an operator does: <c>[80, "8000-8010"]</c>. A range may cover thousands of ports.</summary>
internal sealed class PortsConverter : JsonConverter<ImmutableArray<int>>
{
    public override ImmutableArray<int> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("Events are only written.");

    public override void Write(Utf8JsonWriter writer, ImmutableArray<int> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var entry in PortList.Format(value).Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (entry.Contains('-', StringComparison.Ordinal))
                writer.WriteStringValue(entry);
            else
                writer.WriteRawValue(entry);
        }

        writer.WriteEndArray();
    }
}
