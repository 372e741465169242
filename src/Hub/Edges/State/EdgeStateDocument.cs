using System.Text.Json;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Secrets;

namespace Tunnel.Hub.Edges.State;

/// <summary>The content of <c>edges.json</c> in the state directory.</summary>
internal sealed record EdgeStateDocument
{
    /// <summary>The version of the format; it is raised when an older hub could no longer understand the file.</summary>
    public const int CurrentVersion = 2;

    /// <summary>The oldest version that is still read. Version 2 has a revision of each edge beside that of the whole set.</summary>
    public const int OldestVersion = 1;

    public required int Version { get; init; }

    /// <summary>See <see cref="EdgeState.Revision"/>; null in a state of before there were revisions.</summary>
    public long? Revision { get; init; }

    public required IReadOnlyList<Item> Edges { get; init; }

    /// <summary>One edge, without its secret.</summary>
    internal sealed record Item
    {
        /// <summary>The edge as operators write it; it is read in the same way, so missing members have their usual meaning.</summary>
        public required JsonElement Edge { get; init; }

        public required EdgeSecrets Secrets { get; init; }

        /// <summary>See <see cref="AllowedEdge.Revision"/>; null in version 1, where that of the whole set is also each edge's.</summary>
        public long? Revision { get; init; }
    }
}
