using System.Net;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Hub.Accepting;

/// <summary>
/// Takes over connections to the tunnel port that chose HTTP (ALPN <c>h2</c>, <c>http/1.1</c>) instead of the tunnel's protocol.
/// </summary>
internal interface IHttpConnections
{
    /// <summary>Whether HTTP is offered to this address at all.</summary>
    bool IsOfferedTo(IPAddress remote);

    /// <summary>Serves a connection until it has ended; the caller closes it.</summary>
    Task ServeAsync(TlsConnection connection, IPEndPoint remote, StrangerPass pass);
}
