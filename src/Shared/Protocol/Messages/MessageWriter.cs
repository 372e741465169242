using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>Writes messages as compact JSON in camelCase, without members that are null or empty.</summary>
internal static class MessageWriter
{
    private static readonly JsonSerializerOptions WireOptions = new(MessageJsonContext.Default.Options)
    {
        // Nothing here is put into HTML, and `+` or `é` should stay one or two bytes.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = MessageJsonContext.Default.WithAddedModifier(OmitEmpty),
    };

    /// <summary>Writes a message as UTF-8 without a newline.</summary>
    public static byte[] Serialize<T>(T message) =>
        JsonSerializer.SerializeToUtf8Bytes(message, (JsonTypeInfo<T>)WireOptions.GetTypeInfo(typeof(T)));

    private static void OmitEmpty(JsonTypeInfo type)
    {
        // A base edge knows these two members from every example, and need not know that they can be missing.
        if (type.Type == typeof(TunnelConfig))
        {
            type.Properties.Single(property => property.Name == "ports").ShouldSerialize =
                static (_, value) => value is ImmutableSortedDictionary<string, EdgePortPolicy> { IsEmpty: false };
            return;
        }

        foreach (var property in type.Properties)
        {
            // The presence of a hub's features, even of none, is what asks for HELLO (protocol.md section 2.5).
            if (type.Type == typeof(HubInfo) && property.Name == "features")
                continue;
            if (property.PropertyType == typeof(string))
                property.ShouldSerialize = static (_, value) => value is string { Length: > 0 };
            else if (property.PropertyType == typeof(ImmutableArray<string>))
                property.ShouldSerialize = static (_, value) => value is ImmutableArray<string> { IsDefaultOrEmpty: false };
            else if (property.PropertyType == typeof(ImmutableArray<BoundPort>))
                property.ShouldSerialize = static (_, value) => value is ImmutableArray<BoundPort> { IsDefaultOrEmpty: false };
            else if (property.PropertyType == typeof(ImmutableArray<FailedPort>))
                property.ShouldSerialize = static (_, value) => value is ImmutableArray<FailedPort> { IsDefaultOrEmpty: false };
        }
    }
}
