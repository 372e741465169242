using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>Gives the listeners the tunnel for a new client.</summary>
internal interface ITunnelSource
{
    /// <summary>The newest tunnel; null while there is none. It is read for every client and many datagrams, so it must be cheap.</summary>
    ITunnel? Current { get; }

    /// <summary>
    /// The newest tunnel, but null also while it waits for another connection: then it takes nobody until it goes on.
    /// </summary>
    ITunnel? Usable => Current is { IsLost: false } tunnel ? tunnel : null;

    /// <summary>
    /// How long the hub of a tunnel has been gone, its connection lost or no sign of life coming from it, so that another one should have
    /// its clients; null while it is well. It is asked for every datagram, so it must be cheap while all is well.
    /// </summary>
    TimeSpan? GoneFor(ITunnel tunnel);

    /// <summary>Returns what the ids of a tunnel's connections have in common; for logs.</summary>
    TunnelKey KeyOf(ITunnel tunnel) => default;

    /// <summary>Completes when another tunnel becomes the newest. Read it before <see cref="Current"/>, so that none is missed.</summary>
    Task Changed { get; }
}
