using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tunnel.Shared.Protocol.Addresses;

/// <summary>Reads and writes an IP address as a JSON string.</summary>
public sealed class AddressJsonConverter : JsonConverter<IPAddress>
{
    /// <inheritdoc/>
    public override IPAddress Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && HostSyntax.TryParseAddress(reader.GetString(), out var address)
            ? address
            : throw new JsonException("An address is a string such as \"192.0.2.1\".");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, IPAddress value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
