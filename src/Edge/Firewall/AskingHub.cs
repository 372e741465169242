using System.Net;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Firewall;

/// <summary>A hub that has sent a configuration and is told what became of its firewall.</summary>
/// <param name="Tunnel">The tunnel to it.</param>
/// <param name="Revision">Its configuration's revision, which the report names.</param>
/// <param name="IsInForce">False when it asks for another firewall than that of the hub whose configuration is in force.</param>
internal sealed record AskingHub(ITunnel Tunnel, long Revision, bool IsInForce)
{
    /// <summary>Its timed blocks; null when it has none.</summary>
    public ReceivedBlocks? Blocks { get; init; }

    /// <summary>Returns the blocks that are in force together: those of all hubs whose firewall is.</summary>
    public static IEnumerable<ReceivedBlocks> BlocksInForce(IEnumerable<AskingHub> hubs) =>
        hubs.Where(static hub => hub.IsInForce).Select(static hub => hub.Blocks).OfType<ReceivedBlocks>();

    /// <summary>The hub's address, or that of the proxy on the way.</summary>
    public IPAddress Address => Tunnel.RemoteEndPoint.Address;
}
