using System.Collections.Immutable;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Forwarding;
using Tunnel.Hub.Forwarding.Securing;
using Tunnel.Hub.Status;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Strangers;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Observability;

/// <summary>The parts of a running hub from which metrics are read.</summary>
internal sealed record HubParts(
    EdgeStore Edges,
    LiveEdges Live,
    Reception Reception,
    StrangerRegistry Strangers,
    StreamForwarder Streams,
    SessionForwarder Sessions,
    TrafficRegistry Traffic,
    TransportContext Context,
    HubCertificates Certificates,
    TargetPools Pools,
    TlsServers Tls,
    EdgeDialer Dialer)
{
    /// <summary>Returns the database that hubs share; null: there is none.</summary>
    public Func<SharedStateStatus?> SharedState { get; init; } = static () => null;

    /// <summary>The number of datagrams that were lost here, by reason.</summary>
    public ImmutableSortedDictionary<string, long> DatagramsDropped => Sessions.Dropped.AddRange(Context.Drops.Snapshot());
}
