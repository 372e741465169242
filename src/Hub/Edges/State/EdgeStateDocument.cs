using System.Text.Json;
using Tunnel.Hub.Edges.Secrets;

namespace Tunnel.Hub.Edges.State;

/// <summary>What <c>edges.json</c> in the state directory holds.</summary>
internal sealed record EdgeStateDocument
{
    /// <summary>Raised when an older hub could not understand the file any more.</summary>
    public const int CurrentVersion = 1;

    public required int Version { get; init; }

    public required IReadOnlyList<Item> Edges { get; init; }

    /// <summary>One edge, without its secret.</summary>
    internal sealed record Item
    {
        /// <summary>As operators write it, and read the same way: what is missing has its usual meaning.</summary>
        public required JsonElement Edge { get; init; }

        public required EdgeSecrets Secrets { get; init; }
    }
}
