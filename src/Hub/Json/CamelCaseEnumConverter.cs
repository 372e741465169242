using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tunnel.Hub.Json;

/// <summary>Writes the words of an enumeration as the API does: <c>added</c>, <c>tcpTls</c>.</summary>
internal sealed class CamelCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
