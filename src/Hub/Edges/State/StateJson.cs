using System.Text.Json.Serialization;

namespace Tunnel.Hub.Edges.State;

/// <summary>The JSON of <c>edges.json</c>; an edge in it has the form in which operators write it.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(EdgeStateDocument))]
internal sealed partial class StateJson : JsonSerializerContext;
