using System.Collections.Immutable;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Firewall;

/// <summary>Our part of the machine's packet filter.</summary>
internal interface IPacketFilter
{
    /// <summary>
    /// Applies a configuration's firewall. On return it is in force, or the previous one still is. Any exception but a cancellation is
    /// caused by a bug of ours, which the hub was told of.
    /// </summary>
    /// <param name="hubs">The hubs to report to, now and when it turns out later that the firewall cuts one off; that of the configuration
    /// first. Their blocks are in force together where their firewall is.</param>
    /// <param name="config">The whole configuration. The timed blocks in it are taken from the hubs.</param>
    /// <param name="initial">Whether it is the tunnel's first configuration, and just received.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    Task ApplyAsync(ImmutableArray<AskingHub> hubs, TunnelConfig config, bool initial, CancellationToken cancellationToken);

    /// <summary>Sets the hubs that are told of the firewall in force from now on; those that are new to it are told at once.</summary>
    void TellHubs(ImmutableArray<AskingHub> hubs);
}
