using System.Net.Sockets;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Page;

/// <summary>A hub that serves the page, and an edge.</summary>
internal static class PageSetup
{
    public static Task<TunnelSetup> StartAsync() => TunnelSetup.StartAsync(
        policies: static (_, _) => new JsonObject { ["default"] = new JsonObject { ["proxyProtocol"] = "off", ["logConnections"] = true } },
        hubSettings: new JsonObject { ["adminListen"] = $"http://127.0.0.1:{FreePorts.Next()}" },
        edgeArguments: ["--firewall", "off"]);

    /// <summary>
    /// Gives each view of the page a row: a block, a connection that has ended, and one that is open until the result is disposed.
    /// </summary>
    public static async Task<StreamPair> FillAsync(TunnelSetup setup, TcpListener upstream)
    {
        Assert.True((await setup.Hub.SendAsync(HttpMethod.Post, "api/v1/blocks", """{"ip":"192.0.2.9"}""")).IsSuccess);
        (await setup.OpenAsync(upstream, setup.Tcp[0])).Dispose();
        return await setup.OpenAsync(upstream, setup.Tcp[0]);
    }
}
