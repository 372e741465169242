using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.Hub.Targets;

/// <summary>
/// Opens connections to upstreams. Forwarding asks for a connection, and tells the <see cref="IUpstreamUse"/> that it gets what became of
/// it; which upstream is asked, and what follows from its fate, is decided here.
/// </summary>
internal interface IUpstreamConnector
{
    /// <summary>Connects, trying all addresses of the name. Every expected failure is a result, not an exception.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="limit">Fires when the time has passed, or when nobody wants the connection any more.</param>
    ValueTask<ConnectOutcome> ConnectAsync(UpstreamRequest request, CancellationToken limit);
}

/// <summary>What a client's stream asks for.</summary>
/// <param name="Host">The upstream's name or address.</param>
/// <param name="Port">The upstream's TCP port.</param>
/// <param name="Source">The client's address; null when not known.</param>
/// <param name="Timeout">The time until the caller's limit fires if nobody ends it before; divided among the addresses.</param>
internal readonly record struct UpstreamRequest(string Host, int Port, IPAddress? Source, TimeSpan Timeout);

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
