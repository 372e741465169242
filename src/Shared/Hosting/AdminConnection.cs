using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Tunnel.Shared.Hosting;

/// <summary>How a request of the admin API has come.</summary>
public static class AdminConnection
{
    /// <summary>Over the Unix socket: who may open that may administer.</summary>
    public static bool IsLocal(HttpContext context) =>
        context.Features.Get<IConnectionSocketFeature>()?.Socket.AddressFamily == AddressFamily.Unix;
}
