using Tunnel.Shared.Firewall;

namespace Tunnel.Hub.Blocks;

/// <summary>The part of the timed blocks that the registry of tunnels needs.</summary>
internal interface ITimedBlocks
{
    /// <summary>Raised when a block was made, changed or lifted, but not when it ends by itself.</summary>
    event Action<Block>? Changed;

    /// <summary>A number that grows with each change.</summary>
    long Version { get; }

    /// <summary>Returns what an edge is to block, each block with its remaining time.</summary>
    IReadOnlyList<TimedBlock> For(string edgeId);
}
