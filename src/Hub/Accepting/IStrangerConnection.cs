using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Accepting;

/// <summary>A secured connection before it becomes a tunnel, over either transport.</summary>
internal interface IStrangerConnection
{
    /// <summary>The stream on which the two lines of the handshake are exchanged.</summary>
    Stream Stream { get; }

    /// <summary>Sends a refusal and makes sure, as far as possible, that the peer can read it.</summary>
    Task RefuseAsync(ReadOnlyMemory<byte> line, CancellationToken cancellationToken);

    /// <summary>Describes the hub to the edge of the tunnel that this connection becomes.</summary>
    HubInfo Describe(string tunnelId);

    /// <summary>Makes the hub's end of a tunnel, which owns the connection from now on.</summary>
    /// <param name="edgeId">The id of the authenticated edge.</param>
    /// <param name="received">The bytes that came after the line.</param>
    /// <param name="handler">Serves the tunnel.</param>
    ITunnel BecomeTunnel(string edgeId, ReadOnlyMemory<byte> received, IHubTunnelHandler handler);
}
