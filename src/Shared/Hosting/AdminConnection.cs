using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Tunnel.Shared.Hosting;

/// <summary>Tells how a request of the admin API has come.</summary>
public static class AdminConnection
{
    /// <summary>Whether it came over the Unix socket, where whoever may open the socket may administer.</summary>
    public static bool IsLocal(HttpContext context) =>
        context.Features.Get<IConnectionSocketFeature>()?.Socket.AddressFamily == AddressFamily.Unix;
}
