using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Serialization;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Events;

/// <summary>Something that happened at the hub (docs/operations/monitoring.md, Events).</summary>
public abstract record HubEvent
{
    /// <summary>Its name in the API, for example <c>edgeConnected</c>.</summary>
    [JsonPropertyOrder(-2)]
    public string Type => HubEventTypes.NameOf(this);

    /// <summary>When it happened.</summary>
    [JsonPropertyOrder(-1)]
    public required DateTimeOffset Time { get; init; }
}

/// <summary>An edge has its first tunnel.</summary>
/// <param name="EdgeId">The id of the edge.</param>
/// <param name="Remote">The address and port that the tunnel comes from.</param>
public sealed record EdgeConnectedEvent(string EdgeId, IPEndPoint Remote) : HubEvent
{
    /// <summary>When it was last seen before; null when it never was, as far as the hub remembers.</summary>
    public DateTimeOffset? LastSeen { get; init; }
}

/// <summary>An edge has lost its last tunnel.</summary>
/// <param name="EdgeId">The id of the edge.</param>
/// <param name="Reason">Why its last tunnel ended.</param>
public sealed record EdgeDisconnectedEvent(string EdgeId, TunnelEnd Reason) : HubEvent
{
    /// <summary>The state that follows from the end, as in the status.</summary>
    public EdgeCondition State { get; init; }

    /// <summary>The address and port that its last tunnel came from; null when not known.</summary>
    public IPEndPoint? Remote { get; init; }

    /// <summary>Since when the edge had been connected; null when not known.</summary>
    public DateTimeOffset? ConnectedSince { get; init; }
}

/// <summary>A tunnel has authenticated.</summary>
/// <param name="EdgeId">The id of the tunnel's edge.</param>
/// <param name="Remote">The address and port that the tunnel comes from.</param>
/// <param name="Transport">The transport of the tunnel.</param>
public sealed record TunnelConnectedEvent(string EdgeId, IPEndPoint Remote, TransportKind Transport) : HubEvent;

/// <summary>A tunnel has ended.</summary>
/// <param name="EdgeId">The id of the tunnel's edge.</param>
/// <param name="Remote">The address and port that the tunnel came from.</param>
/// <param name="Reason">Why it ended.</param>
public sealed record TunnelDisconnectedEvent(string EdgeId, IPEndPoint Remote, TunnelEnd Reason) : HubEvent;

/// <summary>A tunnel has lost its connection. What is open waits for another one, for <c>resumeGrace</c> at most.</summary>
/// <param name="EdgeId">The id of the tunnel's edge.</param>
/// <param name="Remote">The address and port that the connection came from.</param>
/// <param name="Reason">Why it was lost.</param>
/// <param name="Streams">The number of streams that wait.</param>
public sealed record TunnelLostEvent(string EdgeId, IPEndPoint Remote, TunnelEnd Reason, int Streams) : HubEvent;

/// <summary>A tunnel that had lost its connection goes on over another one, with all that was open.</summary>
/// <param name="EdgeId">The id of the tunnel's edge.</param>
/// <param name="Remote">The address and port that the new connection comes from.</param>
/// <param name="Streams">The number of streams that go on.</param>
/// <param name="BytesAgain">The bytes that the hub sends again.</param>
/// <param name="LostSeconds">The time without a connection, as the hub noticed it.</param>
public sealed record TunnelResumedEvent(string EdgeId, IPEndPoint Remote, int Streams, long BytesAgain, double LostSeconds) : HubEvent;

/// <summary>A new tunnel was told its ports.</summary>
/// <param name="EdgeId">The id of the edge.</param>
/// <param name="ListenPorts">TCP ports, ascending.</param>
/// <param name="ListenPortsUdp">UDP ports, ascending.</param>
public sealed record PortsAssignedEvent(string EdgeId, ImmutableArray<int> ListenPorts, ImmutableArray<int> ListenPortsUdp) : HubEvent;

/// <summary>A connected edge was sent a change of its ports.</summary>
/// <param name="EdgeId">The id of the edge.</param>
/// <param name="ListenPorts">All TCP ports that it has now, ascending.</param>
/// <param name="ListenPortsUdp">All UDP ports that it has now, ascending.</param>
public sealed record PortsUpdatedEvent(string EdgeId, ImmutableArray<int> ListenPorts, ImmutableArray<int> ListenPortsUdp) : HubEvent;

/// <summary>An edge has applied a configuration's ports, or has become able or unable to bind some of them.</summary>
/// <param name="EdgeId">The id of the edge.</param>
/// <param name="Rev">The revision of the configuration.</param>
/// <param name="Bound">The number of ports that it has bound.</param>
/// <param name="Failed">The number of ports that it could not bind.</param>
/// <param name="FailedPorts">The first 16 of the failed ports, with the reason; a range is one entry.</param>
public sealed record PortsAppliedEvent(string EdgeId, long Rev, int Bound, long Failed, ImmutableArray<FailedPort> FailedPorts) : HubEvent
{
    /// <summary>The number of failed ports in one event; it is limited because 1,000 events are kept.</summary>
    internal const int MaxFailedPorts = 16;
}

/// <summary>An edge reported its public address for the first time, or a different one.</summary>
/// <param name="EdgeId">The id of the edge.</param>
/// <param name="PublicIp">The address that the edge found.</param>
public sealed record PublicIpDiscoveredEvent(string EdgeId, string PublicIp) : HubEvent;

/// <summary>An edge has applied a firewall configuration, or could not.</summary>
/// <param name="EdgeId">The id of the edge.</param>
/// <param name="Rev">The revision of the configuration that contained it.</param>
/// <param name="Applied">True when it is in force; false when the previous one still is.</param>
/// <param name="Error">Why it is not in force; null when it is.</param>
public sealed record FirewallConfigUpdatedEvent(string EdgeId, long Rev, bool Applied, string? Error) : HubEvent;

/// <summary>Somebody else has changed the packet filter that was in force on an edge's machine.</summary>
/// <param name="EdgeId">The id of the edge.</param>
/// <param name="What">What the edge has found, in words.</param>
/// <param name="Mended">Whether the filter was put back.</param>
public sealed record FirewallDriftedEvent(string EdgeId, string What, bool Mended) : HubEvent;

/// <summary>The upstream of a TCP port hangs up at once whenever it gets a PROXY header, so it seems not to expect one.</summary>
/// <param name="EdgeId">The id of the edge.</param>
/// <param name="Port">The edge's listening port.</param>
/// <param name="Target">The upstream.</param>
public sealed record ProxyHeaderDoubtedEvent(string EdgeId, int Port, string Target) : HubEvent;

/// <summary>A target of one or more ports gets clients again.</summary>
/// <param name="Target">The target's address and port.</param>
/// <param name="Ports">The first 16 of the ports that lead to it, such as <c>edge-1 tcp/443</c>.</param>
public sealed record TargetUpEvent(string Target, ImmutableArray<string> Ports) : HubEvent;

/// <summary>A target of one or more ports gets no more clients.</summary>
/// <param name="Target">The target's address and port.</param>
/// <param name="Reason">Why, in words.</param>
/// <param name="Ports">The first 16 of the ports that lead to it, such as <c>edge-1 tcp/443</c>.</param>
public sealed record TargetDownEvent(string Target, string Reason, ImmutableArray<string> Ports) : HubEvent;

/// <summary>A port's <c>authorizeUrl</c> answers again.</summary>
/// <param name="Url">The URL, without its query.</param>
public sealed record AuthorizerUpEvent(string Url) : HubEvent;

/// <summary>A port's <c>authorizeUrl</c> did not say whether a client is allowed.</summary>
/// <param name="Url">The URL, without its query.</param>
/// <param name="Reason">Why, in words.</param>
/// <param name="FailOpen">Whether clients are let in meanwhile; false: they are refused.</param>
public sealed record AuthorizerDownEvent(string Url, string Reason, bool FailOpen) : HubEvent;

/// <summary>A certificate of ports is used from now on.</summary>
/// <param name="Certificate">The path of its file.</param>
/// <param name="Names">The host names that it is for.</param>
/// <param name="Expires">When its validity ends.</param>
public sealed record CertificateLoadedEvent(string Certificate, ImmutableArray<string> Names, DateTimeOffset Expires) : HubEvent;

/// <summary>A certificate of ports, its key or the authorities of clients can't be used.</summary>
/// <param name="Path">The path of the file.</param>
/// <param name="Reason">Why, in words.</param>
/// <param name="KeepsOld">Whether ports go on with what they had; false: clients who need it are reset.</param>
public sealed record CertificateFailedEvent(string Path, string Reason, bool KeepsOld) : HubEvent;

/// <summary>A certificate of ports ends within 14 days, or has ended.</summary>
/// <param name="Certificate">The path of its file.</param>
/// <param name="Names">The host names that it is for.</param>
/// <param name="Expires">When its validity ends.</param>
public sealed record CertificateExpiringEvent(string Certificate, ImmutableArray<string> Names, DateTimeOffset Expires) : HubEvent;

/// <summary>The hub can't dial an edge that awaits it, or no longer for the same reason; told once for each reason.</summary>
/// <param name="EdgeId">The edge.</param>
/// <param name="Target">Where it is dialled, as HOST:PORT.</param>
/// <param name="Reason">Why not, for the operator.</param>
public sealed record EdgeDialFailedEvent(string EdgeId, string Target, string Reason) : HubEvent;

/// <summary>A second process came with the id of an edge that is connected and alive; it was turned away.</summary>
/// <param name="EdgeId">The id of the edge.</param>
/// <param name="Connected">The address and port of the process that stays.</param>
/// <param name="Newcomer">The address and port of the process that was turned away.</param>
public sealed record EdgeConflictEvent(string EdgeId, IPEndPoint Connected, IPEndPoint Newcomer) : HubEvent;

/// <summary>Somebody has added, changed or removed allowed edges.</summary>
/// <param name="Added">The number of edges that were added.</param>
/// <param name="Updated">The number of edges whose definition or secrets were changed.</param>
/// <param name="Removed">The number of edges that were removed.</param>
public sealed record EdgesChangedEvent(int Added, int Updated, int Removed) : HubEvent
{
    /// <summary>The number of ids in one list of an event; it is limited because 1,000 events are kept.</summary>
    internal const int MaxIds = 16;

    /// <summary>The first 16 of the added edges.</summary>
    public ImmutableArray<string> AddedIds { get; init; } = [];

    /// <summary>The first 16 of the changed edges.</summary>
    public ImmutableArray<string> UpdatedIds { get; init; } = [];

    /// <summary>The first 16 of the removed edges.</summary>
    public ImmutableArray<string> RemovedIds { get; init; } = [];
}

/// <summary>Somebody has blocked a source for a while, or changed its block.</summary>
/// <param name="Ip">The address or CIDR.</param>
/// <param name="Until">When the block ends by itself.</param>
/// <param name="Edges">The first 16 of the edges that it applies to; empty: all.</param>
/// <param name="Reason">The reason that was given; null: none.</param>
public sealed record SourceBlockedEvent(string Ip, DateTimeOffset Until, ImmutableArray<string> Edges, string? Reason) : HubEvent;

/// <summary>Somebody has lifted the block of a source before its end.</summary>
/// <param name="Ip">The address or CIDR.</param>
public sealed record SourceUnblockedEvent(string Ip) : HubEvent;

/// <summary>A client has connected to a port of an edge.</summary>
/// <param name="EdgeId">The id of the edge.</param>
/// <param name="Port">The edge's listening port.</param>
/// <param name="Client">The client's address and port; null when not known.</param>
public sealed record StreamOpenedEvent(string EdgeId, int Port, IPEndPoint? Client) : HubEvent
{
    /// <summary>
    /// The connection's name in the logs of edge and hub and at the upstream: 32 hexadecimal digits. Null when it has none.
    /// </summary>
    public string? UniqueId { get; init; }
}

/// <summary>A client's connection has ended.</summary>
/// <param name="EdgeId">The id of the edge.</param>
/// <param name="Port">The edge's listening port.</param>
/// <param name="Client">The client's address and port; null when not known.</param>
/// <param name="BytesIn">The bytes that the upstream was given.</param>
/// <param name="BytesOut">The bytes that came from the upstream.</param>
/// <param name="Abort">Why it was cut; null when both sides ended it in an orderly way.</param>
public sealed record StreamClosedEvent(string EdgeId, int Port, IPEndPoint? Client, long BytesIn, long BytesOut, ResetReason? Abort)
    : HubEvent
{
    /// <inheritdoc cref="StreamOpenedEvent.UniqueId"/>
    public string? UniqueId { get; init; }
}

/// <summary>The hub has started after a run that ended without a proper stop; its state was recovered.</summary>
/// <param name="AllowedEdges">The number of edges found in the state.</param>
/// <param name="PreviousStart">When the interrupted run began; null when its marker was not readable.</param>
public sealed record CrashRecoveredEvent(int AllowedEdges, DateTimeOffset? PreviousStart) : HubEvent;

/// <summary>The hub could not recover the state of an interrupted run, so it does not start.</summary>
/// <param name="Error">The reason, for the operator.</param>
/// <param name="PreviousStart">When the interrupted run began; null when its marker was not readable.</param>
public sealed record CrashRecoveryFailedEvent(string Error, DateTimeOffset? PreviousStart) : HubEvent;
