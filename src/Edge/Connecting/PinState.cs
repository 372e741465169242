using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Tunnel.Edge.Connecting;

/// <summary>The content of the pin file.</summary>
/// <param name="Configured">The token's pins at the time of writing.</param>
/// <param name="Announced">The pins that the hub announced.</param>
internal sealed record PinState(ImmutableArray<string> Configured, ImmutableArray<string> Announced)
{
    // A member that is missing from the file is read as a default array, which can't be enumerated.
    public ImmutableArray<string> Configured { get; } = Configured.IsDefault ? [] : Configured;

    public ImmutableArray<string> Announced { get; } = Announced.IsDefault ? [] : Announced;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PinState))]
[JsonSerializable(typeof(RenewalState))]
internal sealed partial class ConnectingJsonContext : JsonSerializerContext;
