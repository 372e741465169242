using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Firewall;

/// <summary>Our part of the machine's packet filter.</summary>
internal interface IPacketFilter
{
    /// <summary>
    /// Applies a configuration's firewall. On return it is in force, or the previous one still is. Any exception but a cancellation is
    /// caused by a bug of ours, which the hub was told of.
    /// </summary>
    /// <param name="tunnel">The tunnel to report to, now and when it turns out later that the firewall cuts off the hub.</param>
    /// <param name="config">The whole configuration.</param>
    /// <param name="initial">Whether it is the tunnel's first configuration.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    Task ApplyAsync(ITunnel tunnel, TunnelConfig config, bool initial, CancellationToken cancellationToken);
}
