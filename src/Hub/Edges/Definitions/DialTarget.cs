using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>Where an edge awaits the hub that dials it.</summary>
/// <param name="Host">Its host name or address.</param>
/// <param name="Port">Its port, 1–65535.</param>
public sealed record DialTarget(string Host, int Port)
{
    /// <summary>The word for a hub that dials.</summary>
    public const string ByHub = "hub";

    /// <summary>The word for an edge that dials.</summary>
    public const string ByEdge = "edge";

    /// <summary>The port where none is written.</summary>
    public const int DefaultPort = 8443;

    /// <inheritdoc/>
    public override string ToString() => HostSyntax.Format(Host, Port);
}
