namespace Tunnel.Hub.Keeping;

/// <summary>The names of the documents that hubs share; they must not change.</summary>
internal static class SharedDocuments
{
    public const string Edges = "edges";
    public const string Blocks = "blocks";
}
