using System.Text.Json;
using System.Text.Json.Serialization;
using Tunnel.Hub.Certificates;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>
/// The JSON of edges in the state, with all that was written, also keys; what operators write is read by
/// <see cref="EdgeDefinitionReader"/>.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true,
    Converters = [typeof(PortRangeJsonConverter), typeof(PemSourceJsonConverter)])]
[JsonSerializable(typeof(EdgeDefinition))]
[JsonSerializable(typeof(PortPolicyDefinition))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class EdgeJson : JsonSerializerContext;
