using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>Writes what an edge is told about a port, by the rows of <see cref="EdgePortSettings"/>.</summary>
internal sealed class EdgePortPolicyConverter : JsonConverter<EdgePortPolicy>
{
    public override EdgePortPolicy Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("What a peer sends is read by EdgePortPolicyParser.");

    public override void Write(Utf8JsonWriter writer, EdgePortPolicy value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var setting in EdgePortSettings.All)
            setting.Write(writer, setting.Name, value);
        writer.WriteEndObject();
    }
}
