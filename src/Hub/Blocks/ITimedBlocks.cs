using Tunnel.Shared.Firewall;

namespace Tunnel.Hub.Blocks;

/// <summary>What the registry of tunnels needs of the blocks.</summary>
internal interface ITimedBlocks
{
    /// <summary>A block was made, changed or lifted; not when it ends by itself.</summary>
    event Action<Block>? Changed;

    /// <summary>Raised with each change.</summary>
    long Version { get; }

    /// <summary>What an edge is to block, each with what is left of it.</summary>
    IReadOnlyList<TimedBlock> For(string edgeId);
}
