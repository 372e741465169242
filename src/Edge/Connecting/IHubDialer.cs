using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>Gets a tunnel to the hub over one transport.</summary>
internal interface IHubDialer
{
    /// <summary>Does one round.</summary>
    /// <param name="port">The hub's port.</param>
    /// <param name="template">
    /// The request. Its address is replaced by that of the connection; where the hub's name has several, it says which is dialled first.
    /// </param>
    /// <param name="cancellationToken">Ends the round.</param>
    Task<DialResult> DialAsync(int port, DialRequest template, CancellationToken cancellationToken);
}
