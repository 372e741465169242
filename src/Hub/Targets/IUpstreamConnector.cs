using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;

namespace Tunnel.Hub.Targets;

/// <summary>Opens connections to upstreams.</summary>
internal interface IUpstreamConnector
{
    /// <summary>Connects, trying all addresses of the name. Every expected failure is a result, not an exception.</summary>
    /// <param name="host">Name or address.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="timeout">The time until <paramref name="limit"/> fires if nobody ends it before; divided among the addresses.</param>
    /// <param name="limit">Fires when the time has passed, or when nobody wants the connection any more.</param>
    ValueTask<ConnectOutcome> ConnectAsync(string host, int port, TimeSpan timeout, CancellationToken limit);
}

/// <summary>A connected socket, or why there is none.</summary>
/// <param name="Socket">The connected socket; null on failure.</param>
/// <param name="Failure">The failure; meaningless when there is a socket.</param>
internal readonly record struct ConnectOutcome(Socket? Socket, StreamFailure Failure)
{
    [MemberNotNullWhen(true, nameof(Socket))]
    public bool Succeeded => Socket is not null;

    public static ConnectOutcome Failed(StreamFailure failure) => new(null, failure);
}
