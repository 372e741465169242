using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Configuration;

/// <summary>The hub's default paths.</summary>
internal static class HubPaths
{
    public const string ConfigFile = "/etc/tunnel-hub/hub.json";

    public static ServicePaths Usual { get; } = new("tunnel-hub");
}
