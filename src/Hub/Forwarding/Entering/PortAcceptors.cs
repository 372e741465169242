using System.Collections.Immutable;
using Tunnel.Hub.Traffic;

namespace Tunnel.Hub.Forwarding.Entering;

/// <summary>A program in this process that accepts the streams of a port.</summary>
internal interface IStreamAcceptor
{
    /// <summary>Takes over a client. Must not block.</summary>
    /// <returns>False, with nothing done, when it takes no more.</returns>
    bool TryAccept(StreamVisit visit);
}

/// <summary>The TCP ports whose streams are accepted in this process. Any thread may use it.</summary>
internal sealed class PortAcceptors
{
    private ImmutableDictionary<(string EdgeId, int Port), IStreamAcceptor> _acceptors =
        ImmutableDictionary<(string EdgeId, int Port), IStreamAcceptor>.Empty;

    /// <summary>Adds one.</summary>
    /// <param name="edgeId">The edge; empty: all that have no acceptor of their own.</param>
    /// <param name="port">The edge's listening port.</param>
    /// <param name="acceptor">Who accepts there.</param>
    /// <returns>False when there is one already.</returns>
    public bool TryAdd(string edgeId, int port, IStreamAcceptor acceptor) =>
        ImmutableInterlocked.TryAdd(ref _acceptors, (edgeId, port), acceptor);

    /// <summary>Takes one out.</summary>
    public void Remove(string edgeId, int port) => ImmutableInterlocked.TryRemove(ref _acceptors, (edgeId, port), out _);

    /// <summary>Returns who accepts at a port; null when nobody does.</summary>
    public IStreamAcceptor? Find(in TrafficKey port)
    {
        var acceptors = _acceptors;
        if (acceptors.IsEmpty || port.Udp)
            return null;
        return acceptors.GetValueOrDefault((port.EdgeId, port.Port)) ?? acceptors.GetValueOrDefault(("", port.Port));
    }
}
