using System.Collections.Immutable;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Edges.Live;

/// <summary>
/// The ports for which a tunnel may open streams and sessions: the ports assigned now, and for a while those that the last pushes took
/// away, because OPENs were under way when the push was sent. Immutable.
/// </summary>
internal sealed class AssignedPorts
{
    private readonly AllowedEdge _edge;
    private readonly ImmutableDictionary<(bool Udp, int Port), Leaving> _leaving;

    private AssignedPorts(AllowedEdge edge, ImmutableDictionary<(bool Udp, int Port), Leaving> leaving)
    {
        _edge = edge;
        _leaving = leaving;
    }

    public static AssignedPorts Of(AllowedEdge edge) => new(edge, ImmutableDictionary<(bool Udp, int Port), Leaving>.Empty);

    /// <summary>Returns the ports after a change; a port that it takes away is served until <paramref name="drainUntil"/>.</summary>
    public AssignedPorts ChangeTo(AllowedEdge edge, DateTimeOffset now, DateTimeOffset drainUntil)
    {
        var leaving = _leaving.ToBuilder();
        foreach (var (key, port) in _leaving)
        {
            if (port.Until <= now || edge.IsAssigned(key.Udp, key.Port))
                leaving.Remove(key);
        }

        AddRemoved(udp: false, _edge.TcpPorts);
        AddRemoved(udp: true, _edge.UdpPorts);
        return new AssignedPorts(edge, leaving.ToImmutable());

        void AddRemoved(bool udp, ImmutableArray<int> before)
        {
            foreach (var port in before)
            {
                if (!edge.IsAssigned(udp, port))
                    leaving[(udp, port)] = new Leaving(_edge.PolicyFor(udp, port), drainUntil);
            }
        }
    }

    /// <summary>Returns the policy of a port, or null when this edge may not use it.</summary>
    public PortPolicy? Find(bool udp, int port, DateTimeOffset now)
    {
        if (_edge.IsAssigned(udp, port))
            return _edge.PolicyFor(udp, port);
        return _leaving.TryGetValue((udp, port), out var leaving) && now < leaving.Until ? leaving.Policy : null;
    }

    private readonly record struct Leaving(PortPolicy Policy, DateTimeOffset Until);
}
