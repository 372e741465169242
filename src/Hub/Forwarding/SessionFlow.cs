using System.Net;
using Tunnel.Hub.Edges.Live;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding;

/// <summary>
/// What makes a client's session the same over another tunnel of the same edge and process (protocol.md section 8): the port, the client,
/// and the address that it came to.
/// </summary>
internal readonly record struct SessionFlow(string EdgeId, string Instance, int Port, IPEndPoint Client, IPEndPoint? Destination)
{
    /// <summary>Returns the flow of a session that is being opened; null when it ends with its tunnel.</summary>
    public static SessionFlow? Of(EdgeTunnel tunnel, in StreamOpening opening) =>
        (tunnel.Tunnel!.Features & TunnelFeatures.Move) != 0 && opening.Source is { } client
            ? new SessionFlow(tunnel.EdgeId, tunnel.Identity.Instance, opening.RoutingPort, client, opening.Destination)
            : null;
}
