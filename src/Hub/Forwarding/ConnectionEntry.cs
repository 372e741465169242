using System.Net;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Forwarding.Entering;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding;

// Over 8 collaborators: two of them are the registry and the clock, the others are values, what is known of the connection.
/// <summary>
/// A stream or session that was let in. From <see cref="Begin"/> to <see cref="End"/> it is among its port's open connections, then in
/// the log of connections if the port wants it.
/// </summary>
internal sealed class ConnectionEntry(PortRoute route, PortPolicy policy, IPEndPoint? client, TrafficRegistry registry, TimeProvider time)
    : ILiveConnection
{
    private readonly long _number = registry.NextId();
    private readonly DateTimeOffset _since = time.GetUtcNow();
    private readonly long _start = time.GetTimestamp();
    private IByteCounts? _counts;

    /// <summary>Where the client is led; another one is set before the dial where that depends on what the client says.</summary>
    public PortRoute Route { get; set; } = route;

    /// <summary>Its name at the edge, here, and at the upstream.</summary>
    public ConnectionId Id { get; init; }

    /// <summary>The address and port that the client came to, as the edge names them; null when it names none.</summary>
    public IPEndPoint? Destination { get; init; }

    /// <summary>The address that its edge's tunnel comes from.</summary>
    public required IPAddress Edge { get; init; }

    /// <summary>The transport of its tunnel.</summary>
    public TransportKind Transport { get; init; }

    /// <summary>The additional fields of its PROXY header; null at a port without them.</summary>
    public HeaderFields? Fields { get; set; }

    public PortPolicy Policy => policy;

    /// <summary>The client's address and port; null when not known.</summary>
    public IPEndPoint? Client => client;

    /// <summary>The member of the port's pool that was chosen; null before that, and without a pool.</summary>
    public string? Target { get; set; }

    /// <summary>The traffic of its port.</summary>
    public PortTraffic Traffic { get; } = registry.Of(route.Port.EdgeId, route.Port.Udp, route.Port.Port);

    public long BytesIn => _counts?.BytesIn ?? 0;

    public long BytesOut => _counts?.BytesOut ?? 0;

    /// <summary>Notes that it is open.</summary>
    /// <param name="counts">The bytes that it has carried so far.</param>
    public void Begin(IByteCounts counts)
    {
        _counts = counts;
        Traffic.Add(this);
    }

    /// <summary>Notes that it has ended. To be called once.</summary>
    /// <param name="reason">How it ended, in camelCase.</param>
    public void End(string reason)
    {
        var (bytesIn, bytesOut) = (BytesIn, BytesOut);
        Traffic.Remove(this, bytesIn, bytesOut);
        if (!policy.LogConnections)
            return;
        registry.Log.Add(new ConnectionRecord
        {
            UniqueId = Id.ToString(),
            Time = time.GetUtcNow(),
            EdgeId = Route.Port.EdgeId,
            Port = Route.Port.Port,
            Proto = Route.Port.Proto,
            Client = client?.ToString(),
            Action = ConnectionAction.Allowed,
            Reason = reason,
            BytesIn = bytesIn,
            BytesOut = bytesOut,
            Duration = Math.Round(time.GetElapsedTime(_start).TotalSeconds, 3),
        });
    }

    public LiveConnection Describe() => new()
    {
        Id = _number,
        UniqueId = Id.ToString(),
        EdgeId = Route.Port.EdgeId,
        Port = Route.Port.Port,
        Proto = Route.Port.Proto,
        Client = client?.ToString(),
        Target = Target ?? Route.Target,
        Since = _since,
        BytesIn = BytesIn,
        BytesOut = BytesOut,
    };
}
