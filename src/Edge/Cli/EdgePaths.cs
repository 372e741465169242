using Tunnel.Shared.Hosting;

namespace Tunnel.Edge.Cli;

/// <summary>Where files are when no setting says otherwise.</summary>
internal static class EdgePaths
{
    public const string ConfigFile = "/etc/tunnel-edge/edge.json";

    public static ServicePaths Usual { get; } = new("tunnel-edge");
}
