using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Firewall;

/// <summary>The machine's packet filter, as far as it is ours.</summary>
internal interface IPacketFilter
{
    /// <summary>
    /// Applies a configuration's firewall. On return it is in force, or the one before still is. What it throws but for cancellation is a
    /// fault of ours, which the hub was told of.
    /// </summary>
    /// <param name="tunnel">Whom to report to, now and when it turns out later that the firewall cuts off the hub.</param>
    /// <param name="config">The whole configuration.</param>
    /// <param name="initial">Whether it is the tunnel's first.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task ApplyAsync(ITunnel tunnel, TunnelConfig config, bool initial, CancellationToken cancellationToken);
}
