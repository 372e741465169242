using System.Net;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets.Pools;

namespace Tunnel.Hub.Targets.Connecting;

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

/// <summary>The upstream that a client's stream asks for.</summary>
/// <param name="Host">The upstream's name or address.</param>
/// <param name="Port">The upstream's TCP port.</param>
/// <param name="Source">The client's address; null when not known.</param>
/// <param name="Timeout">The time until the caller's limit fires if nobody ends it before; divided among the addresses.</param>
internal readonly record struct UpstreamRequest(string Host, int Port, IPAddress? Source, TimeSpan Timeout)
{
    /// <summary>The pool of which a member is wanted; null: the host and port above.</summary>
    public TargetPool? Pool { get; init; }

    /// <summary>The addresses that may be connected to; a pool has a rule of its own.</summary>
    public TargetRule Rule { get; init; }
}
