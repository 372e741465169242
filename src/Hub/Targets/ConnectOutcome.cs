using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;

namespace Tunnel.Hub.Targets;

/// <summary>A connected socket, or why there is none.</summary>
/// <param name="Socket">The connected socket; null on failure.</param>
/// <param name="Failure">The failure; meaningless when there is a socket.</param>
/// <param name="Use">Is told what becomes of the connection; null when nobody wants to know.</param>
internal readonly record struct ConnectOutcome(Socket? Socket, StreamFailure Failure, IUpstreamUse? Use = null)
{
    [MemberNotNullWhen(true, nameof(Socket))]
    public bool Succeeded => Socket is not null;

    public static ConnectOutcome Failed(StreamFailure failure) => new(null, failure);
}
