using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Configuration;

/// <summary>Where the hub keeps things when nothing else is said.</summary>
internal static class HubPaths
{
    public const string ConfigFile = "/etc/tunnel-hub/hub.json";

    public static ServicePaths Usual { get; } = new("tunnel-hub");
}
