using System.Text.Json.Serialization;

namespace Tunnel.Hub.Edges.Secrets;

/// <summary>The JSON of <c>remembered-secrets.json</c>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(SecretMemoryDocument))]
internal sealed partial class SecretJson : JsonSerializerContext;
