using System.Net;
using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Serving;

/// <summary>A TCP port of the hub's edges, as a place where a server in the same process can listen.</summary>
public sealed class TunnelEndPoint : EndPoint
{
    /// <summary>Creates the place.</summary>
    /// <param name="port">The port as in a policy's key, such as <c>tcp/443</c>.</param>
    /// <param name="edgeId">The edge; null: every edge that has the port.</param>
    /// <exception cref="ArgumentException">The port is not a single TCP port.</exception>
    public TunnelEndPoint(string port, string? edgeId = null)
    {
        if (!PortKey.TryParse(port, out var key) || key.Udp || key.Ports.Count != 1)
            throw new ArgumentException($"\"{port}\" is not a TCP port of an edge; valid is for example \"tcp/443\".", nameof(port));
        (Port, EdgeId) = (key.Ports.First, edgeId);
    }

    /// <summary>The edge's listening port.</summary>
    public int Port { get; }

    /// <summary>The edge; null: every edge that has the port.</summary>
    public string? EdgeId { get; }

    /// <inheritdoc/>
    public override string ToString() => $"tunnel:{EdgeId ?? "*"}/tcp/{Port}";
}
