using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Tunnel.Hub.Serving;

/// <summary>
/// Lets Kestrel accept the streams of an edge's port directly: no connection of the hub lies between, and
/// <c>HttpContext.Connection.RemoteIpAddress</c> is the client's. See <see cref="TunnelWebHostBuilderExtensions.UseTunnel"/>.
/// </summary>
public sealed class TunnelConnectionListenerFactory : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private readonly TunnelHub _hub;

    /// <summary>Creates a factory for the ports of one hub, which need not run yet.</summary>
    public TunnelConnectionListenerFactory(TunnelHub hub) => _hub = hub;

    /// <inheritdoc/>
    public bool CanBind(EndPoint endpoint) => endpoint is TunnelEndPoint;

    /// <summary>Takes a port over: its clients come here from now on, whatever upstream its policy names.</summary>
    /// <param name="endpoint">A <see cref="TunnelEndPoint"/>.</param>
    /// <param name="cancellationToken">Not used.</param>
    /// <exception cref="AddressInUseException">Somebody accepts the clients of this port already.</exception>
    /// <exception cref="ArgumentException">It is an endpoint of another kind.</exception>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        if (endpoint is not TunnelEndPoint port)
            throw new ArgumentException($"{endpoint} is not a {nameof(TunnelEndPoint)}.", nameof(endpoint));
        var listener = new TunnelConnectionListener(port, _hub.Acceptors);
        return _hub.Acceptors.TryAdd(port.EdgeId ?? "", port.Port, listener)
            ? ValueTask.FromResult<IConnectionListener>(listener)
            : throw new AddressInUseException($"The clients of {port} are accepted already.");
    }
}
