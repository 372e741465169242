using Tunnel.Hub.Targets;
using Tunnel.Shared.Observability;

namespace Tunnel.Hub.Forwarding;

/// <summary>Why <see cref="PortGate"/> does not let a client in.</summary>
internal enum GateFailure
{
    /// <summary>The port is not assigned to the edge.</summary>
    PortNotAssigned,

    /// <summary>The edge already has the allowed number of streams or sessions open.</summary>
    TooMany,

    /// <summary>The kernel's memory for TCP is nearly used up.</summary>
    TcpMemory,

    /// <summary>The port's lists don't allow the client, though the edge let it in.</summary>
    SourceDenied,

    /// <summary>
    /// The client's address, as the edge names it, is not one of the Internet, and the port does not allow such addresses.
    /// </summary>
    PrivateSource,

    /// <summary>The edge named no client, which the port does not allow.</summary>
    UnknownSource,

    /// <summary>The client is the hub itself: the port's target leads back to a port of an edge.</summary>
    ForwardingLoop,
}

internal static class GateFailures
{
    public static StreamFailure ToStreamFailure(this GateFailure failure) => failure switch
    {
        GateFailure.PortNotAssigned => StreamFailure.PortNotAssigned,
        GateFailure.TooMany => StreamFailure.TooManyStreams,
        GateFailure.TcpMemory => StreamFailure.TcpMemory,
        GateFailure.SourceDenied => StreamFailure.SourceDenied,
        GateFailure.PrivateSource => StreamFailure.PrivateSource,
        GateFailure.ForwardingLoop => StreamFailure.ForwardingLoop,
        _ => StreamFailure.UnknownSource,
    };

    public static SessionFailure ToSessionFailure(this GateFailure failure) => failure switch
    {
        GateFailure.PortNotAssigned => SessionFailure.PortNotAssigned,
        GateFailure.TooMany => SessionFailure.TooManySessions,
        GateFailure.SourceDenied => SessionFailure.SourceDenied,
        GateFailure.PrivateSource => SessionFailure.PrivateSource,
        GateFailure.ForwardingLoop => SessionFailure.ForwardingLoop,
        _ => SessionFailure.UnknownSource,
    };

    /// <summary>Returns the name that operators know the failure by, in camelCase.</summary>
    public static string NameFor(this GateFailure failure, bool udp) => udp
        ? ReasonCounters<SessionFailure>.NameOf(failure.ToSessionFailure())
        : ReasonCounters<StreamFailure>.NameOf(failure.ToStreamFailure());
}
