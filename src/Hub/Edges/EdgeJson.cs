using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tunnel.Hub.Edges.State;

namespace Tunnel.Hub.Edges;

/// <summary>The JSON of edges, for answers and for the state; what operators write is read by <see cref="EdgeDefinitionReader"/>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true,
    Converters = [typeof(PortRangeJsonConverter)])]
[JsonSerializable(typeof(EdgeDefinition))]
[JsonSerializable(typeof(PortPolicyDefinition))]
[JsonSerializable(typeof(EdgeStateDocument))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(SecretMemoryDocument))]
internal sealed partial class EdgeJson : JsonSerializerContext
{
    /// <summary>Readable: nothing here is ever put into HTML.</summary>
    public static JavaScriptEncoder Encoder { get; } = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
}
