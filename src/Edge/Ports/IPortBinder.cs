using Tunnel.Edge.Endpoints;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Ports;

/// <summary>Opens public ports.</summary>
internal interface IPortBinder
{
    /// <summary>Binds a port and starts to serve it. A port that can't be bound is a result, not an exception.</summary>
    BindResult Bind(PortKey port, EdgePortPolicy policy);

    /// <summary>Closes what the process before left, once all assigned ports were tried: the other ports are no longer assigned.</summary>
    void CloseLeft();
}

/// <summary>Either a bound port, or why it could not be bound, in words for the operator.</summary>
internal readonly record struct BindResult(IBoundPort? Port, string? Error)
{
    public static BindResult Bound(IBoundPort port) => new(port, null);

    public static BindResult Failed(string error) => new(null, error);
}
