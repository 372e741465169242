using Tunnel.Hub.Targets;
using Tunnel.Shared.Observability;

namespace Tunnel.Hub.Forwarding;

/// <summary>Why <see cref="PortGate"/> lets a client not in.</summary>
internal enum GateFailure
{
    /// <summary>The port is not assigned to the edge.</summary>
    PortNotAssigned,

    /// <summary>The edge has as many streams or sessions open as it may.</summary>
    TooMany,

    /// <summary>The kernel's memory for TCP is nearly used up.</summary>
    TcpMemory,

    /// <summary>The port's lists don't let the client in, though its edge did.</summary>
    SourceDenied,

    /// <summary>The edge named an address as the client's that is not one of the Internet, which the port does not allow.</summary>
    PrivateSource,

    /// <summary>The edge named no client, which the port does not allow.</summary>
    UnknownSource,
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
        _ => StreamFailure.UnknownSource,
    };

    public static SessionFailure ToSessionFailure(this GateFailure failure) => failure switch
    {
        GateFailure.PortNotAssigned => SessionFailure.PortNotAssigned,
        GateFailure.TooMany => SessionFailure.TooManySessions,
        GateFailure.SourceDenied => SessionFailure.SourceDenied,
        GateFailure.PrivateSource => SessionFailure.PrivateSource,
        _ => SessionFailure.UnknownSource,
    };

    /// <summary>The name that operators know it by, in camelCase.</summary>
    public static string NameFor(this GateFailure failure, bool udp) => udp
        ? ReasonCounters<SessionFailure>.NameOf(failure.ToSessionFailure())
        : ReasonCounters<StreamFailure>.NameOf(failure.ToStreamFailure());
}
