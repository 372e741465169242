using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;

namespace Tunnel.Hub.Targets;

/// <summary>Opens connections to upstreams.</summary>
internal interface IUpstreamConnector
{
    /// <summary>Connects, trying all addresses of the name. Everything expected is a result.</summary>
    /// <param name="host">Name or address.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="timeout">When <paramref name="limit"/> fires if nobody ends it before; shared out between the addresses.</param>
    /// <param name="limit">Fires when the time is over, or nobody wants the connection any more.</param>
    ValueTask<ConnectOutcome> ConnectAsync(string host, int port, TimeSpan timeout, CancellationToken limit);
}

/// <summary>A connected socket, or why there is none.</summary>
/// <param name="Socket">Connected; null on failure.</param>
/// <param name="Failure">Meaningless when there is a socket.</param>
internal readonly record struct ConnectOutcome(Socket? Socket, StreamFailure Failure)
{
    [MemberNotNullWhen(true, nameof(Socket))]
    public bool Succeeded => Socket is not null;

    public static ConnectOutcome Failed(StreamFailure failure) => new(null, failure);
}
