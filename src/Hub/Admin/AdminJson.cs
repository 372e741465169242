using System.Text.Json.Serialization;
using Tunnel.Hub.Edges;

namespace Tunnel.Hub.Admin;

/// <summary>The JSON of the admin API; source-generated, so nothing is answered that was not meant to be.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    Converters = [typeof(PortRangeJsonConverter)])]
[JsonSerializable(typeof(IEnumerable<EdgeDefinition>))]
[JsonSerializable(typeof(EdgeDefinition))]
[JsonSerializable(typeof(EdgeChangeAnswer))]
[JsonSerializable(typeof(TokenAnswer))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(Problem))]
internal sealed partial class AdminJson : JsonSerializerContext;
