using System.Text.Json.Serialization;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>The compiler-generated description of the messages' members; <see cref="MessageWriter"/> writes by it.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(TunnelConfig))]
[JsonSerializable(typeof(Hello))]
[JsonSerializable(typeof(Report))]
[JsonSerializable(typeof(GoAway))]
internal sealed partial class MessageJsonContext : JsonSerializerContext;
