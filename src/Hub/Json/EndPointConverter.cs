using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tunnel.Hub.Json;

/// <summary>Writes address and port as text: <c>192.0.2.1:443</c>, <c>[2001:db8::1]:443</c>.</summary>
internal sealed class EndPointConverter : JsonConverter<IPEndPoint>
{
    public override IPEndPoint Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        IPEndPoint.TryParse(reader.GetString() ?? "", out var endPoint) ? endPoint : throw new JsonException("not an address with a port");

    public override void Write(Utf8JsonWriter writer, IPEndPoint value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
