using Tunnel.Hub.Edges.Secrets;

namespace Tunnel.Hub.Edges.State;

/// <summary>What <c>edges.json</c> in the state directory holds.</summary>
internal sealed record EdgeStateDocument
{
    /// <summary>Raised when an older hub could not understand the file any more.</summary>
    public const int CurrentVersion = 1;

    public required int Version { get; init; }

    public required IReadOnlyList<Item> Edges { get; init; }

    /// <summary>One edge; its definition has no secret.</summary>
    internal sealed record Item
    {
        public required EdgeDefinition Edge { get; init; }

        public required EdgeSecrets Secrets { get; init; }
    }
}
