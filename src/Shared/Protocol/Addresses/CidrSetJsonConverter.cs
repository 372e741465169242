using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tunnel.Shared.Protocol.Addresses;

/// <summary>Reads and writes a set as a JSON array of strings.</summary>
public sealed class CidrSetJsonConverter : JsonConverter<CidrSet>
{
    /// <inheritdoc/>
    public override CidrSet Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException("A list of CIDRs is an array.");
        var blocks = ImmutableArray.CreateBuilder<IpRange>();
        while (reader.Read() && reader.TokenType == JsonTokenType.String)
        {
            if (blocks.Count == CidrSet.MaxCount || !IpRange.TryParse(reader.GetString()!, out var block, out var error))
                throw new JsonException($"A list of CIDRs has at most {CidrSet.MaxCount} entries, each an address or a CIDR.");
            blocks.Add(block);
        }

        return reader.TokenType == JsonTokenType.EndArray
            ? new CidrSet(blocks.ToImmutable())
            : throw new JsonException("A CIDR is a string.");
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, CidrSet value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var block in value)
            writer.WriteStringValue(block.ToString());
        writer.WriteEndArray();
    }
}
