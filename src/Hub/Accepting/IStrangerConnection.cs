using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Accepting;

/// <summary>A secured connection before it is a tunnel, whatever it runs over.</summary>
internal interface IStrangerConnection
{
    /// <summary>For the two lines.</summary>
    Stream Stream { get; }

    /// <summary>Says no so that it is heard.</summary>
    Task RefuseAsync(ReadOnlyMemory<byte> line, CancellationToken cancellationToken);

    /// <summary>What the hub says of itself to the tunnel that this becomes.</summary>
    HubInfo Describe(string tunnelId);

    /// <summary>The hub's end; owns the connection from now on.</summary>
    /// <param name="edgeId">Who it is.</param>
    /// <param name="received">What came after the line.</param>
    /// <param name="handler">Who serves it.</param>
    ITunnel BecomeTunnel(string edgeId, ReadOnlyMemory<byte> received, IHubTunnelHandler handler);
}
