using System.Text.Json.Serialization;

namespace Tunnel.Hub.Blocks;

/// <summary>The content of <c>blocks.json</c> in the state directory.</summary>
internal sealed record BlockDocument(int Version, IReadOnlyList<Block> Blocks)
{
    public const int CurrentVersion = 1;
}

/// <summary>The JSON of blocks in the state.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BlockDocument))]
internal sealed partial class BlockJson : JsonSerializerContext;
