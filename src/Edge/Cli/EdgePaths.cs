using Tunnel.Shared.Hosting;

namespace Tunnel.Edge.Cli;

/// <summary>Where files are when nothing else is said.</summary>
internal static class EdgePaths
{
    public const string ConfigFile = "/etc/tunnel-edge/edge.json";

    public static ServicePaths Usual { get; } = new("tunnel-edge");
}
