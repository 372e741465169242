using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>
/// The JSON of edges, as the API answers it and the state keeps it; what operators write is read by <see cref="EdgeDefinitionReader"/>.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true,
    Converters = [typeof(PortRangeJsonConverter)])]
[JsonSerializable(typeof(EdgeDefinition))]
[JsonSerializable(typeof(PortPolicyDefinition))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class EdgeJson : JsonSerializerContext
{
    /// <summary>Readable: nothing here is ever put into HTML.</summary>
    public static JavaScriptEncoder Encoder { get; } = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
}
