using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Serialization;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Events;

/// <summary>Something that happened at the hub (docs/operations.md, Events).</summary>
public abstract record HubEvent
{
    /// <summary>Its name in the API, for example <c>edgeConnected</c>.</summary>
    [JsonPropertyOrder(-2)]
    public string Type => HubEventTypes.NameOf(this);

    /// <summary>When.</summary>
    [JsonPropertyOrder(-1)]
    public required DateTimeOffset Time { get; init; }
}

/// <summary>An edge has its first tunnel.</summary>
/// <param name="EdgeId">Which edge.</param>
/// <param name="Remote">Where it comes from.</param>
public sealed record EdgeConnectedEvent(string EdgeId, IPEndPoint Remote) : HubEvent
{
    /// <summary>When it was last seen before; null when it never was, as far as the hub remembers.</summary>
    public DateTimeOffset? LastSeen { get; init; }
}

/// <summary>An edge has lost its last tunnel.</summary>
/// <param name="EdgeId">Which edge.</param>
/// <param name="Reason">Why its last tunnel ended.</param>
public sealed record EdgeDisconnectedEvent(string EdgeId, TunnelEnd Reason) : HubEvent
{
    /// <summary>What that says of the edge, as in the status.</summary>
    public EdgeCondition State { get; init; }

    /// <summary>Where its last tunnel came from; null when not known.</summary>
    public IPEndPoint? Remote { get; init; }

    /// <summary>Since when it had been connected; null when not known.</summary>
    public DateTimeOffset? ConnectedSince { get; init; }
}

/// <summary>A tunnel has authenticated.</summary>
/// <param name="EdgeId">Whose it is.</param>
/// <param name="Remote">Where it comes from.</param>
/// <param name="Transport">What it runs over.</param>
public sealed record TunnelConnectedEvent(string EdgeId, IPEndPoint Remote, TransportKind Transport) : HubEvent;

/// <summary>A tunnel is over.</summary>
/// <param name="EdgeId">Whose it was.</param>
/// <param name="Remote">Where it came from.</param>
/// <param name="Reason">Why it ended.</param>
public sealed record TunnelDisconnectedEvent(string EdgeId, IPEndPoint Remote, TunnelEnd Reason) : HubEvent;

/// <summary>A new tunnel was told its ports.</summary>
/// <param name="EdgeId">Which edge.</param>
/// <param name="ListenPorts">TCP ports, ascending.</param>
/// <param name="ListenPortsUdp">UDP ports, ascending.</param>
public sealed record PortsAssignedEvent(string EdgeId, ImmutableArray<int> ListenPorts, ImmutableArray<int> ListenPortsUdp) : HubEvent;

/// <summary>A connected edge was pushed other ports.</summary>
/// <param name="EdgeId">Which edge.</param>
/// <param name="ListenPorts">All TCP ports that it has now, ascending.</param>
/// <param name="ListenPortsUdp">All UDP ports that it has now, ascending.</param>
public sealed record PortsUpdatedEvent(string EdgeId, ImmutableArray<int> ListenPorts, ImmutableArray<int> ListenPortsUdp) : HubEvent;

/// <summary>An edge has taken up a configuration's ports, or what it could bind of them has changed.</summary>
/// <param name="EdgeId">Which edge.</param>
/// <param name="Rev">Revision of the configuration.</param>
/// <param name="Bound">How many ports it has bound.</param>
/// <param name="Failed">How many it could not bind.</param>
/// <param name="FailedPorts">The first 16 of these, ranges as one, with the reason.</param>
public sealed record PortsAppliedEvent(string EdgeId, long Rev, int Bound, long Failed, ImmutableArray<FailedPort> FailedPorts) : HubEvent
{
    /// <summary>What an event has room for: 1,000 of them are kept.</summary>
    internal const int MaxFailedPorts = 16;
}

/// <summary>An edge told a public address of its own that was not known, or another one.</summary>
/// <param name="EdgeId">Which edge.</param>
/// <param name="PublicIp">The address, as the edge found it out.</param>
public sealed record PublicIpDiscoveredEvent(string EdgeId, string PublicIp) : HubEvent;

/// <summary>An edge has dealt with a firewall configuration.</summary>
/// <param name="EdgeId">Which edge.</param>
/// <param name="Rev">Revision of the configuration that it came with.</param>
/// <param name="Applied">True when it is in place; false when the one before is.</param>
/// <param name="Error">Why it is not in place; null when it is.</param>
public sealed record FirewallConfigUpdatedEvent(string EdgeId, long Rev, bool Applied, string? Error) : HubEvent;

/// <summary>Somebody else has changed the packet filter of an edge's machine that was in force.</summary>
/// <param name="EdgeId">Which edge.</param>
/// <param name="What">What the edge has found, in words.</param>
/// <param name="Mended">It was put back.</param>
public sealed record FirewallDriftedEvent(string EdgeId, string What, bool Mended) : HubEvent;

/// <summary>The upstream of a TCP port hangs up at once whenever it gets a PROXY header: it seems not to expect one.</summary>
/// <param name="EdgeId">Which edge.</param>
/// <param name="Port">The edge's listening port.</param>
/// <param name="Target">The upstream.</param>
public sealed record ProxyHeaderDoubtedEvent(string EdgeId, int Port, string Target) : HubEvent;

/// <summary>A second process came with the id of an edge that is connected and alive; it was turned away.</summary>
/// <param name="EdgeId">Which id.</param>
/// <param name="Connected">Where the one that stays comes from.</param>
/// <param name="Newcomer">Where the other one comes from.</param>
public sealed record EdgeConflictEvent(string EdgeId, IPEndPoint Connected, IPEndPoint Newcomer) : HubEvent;

/// <summary>A client has connected to a port of an edge.</summary>
/// <param name="EdgeId">Which edge.</param>
/// <param name="Port">The edge's listening port.</param>
/// <param name="Client">The client, when known.</param>
public sealed record StreamOpenedEvent(string EdgeId, int Port, IPEndPoint? Client) : HubEvent;

/// <summary>A client's connection is over.</summary>
/// <param name="EdgeId">Which edge.</param>
/// <param name="Port">The edge's listening port.</param>
/// <param name="Client">The client, when known.</param>
/// <param name="BytesIn">Bytes that the upstream was given.</param>
/// <param name="BytesOut">Bytes that came from the upstream.</param>
/// <param name="Abort">Why it was cut; null when both sides ended in order.</param>
public sealed record StreamClosedEvent(string EdgeId, int Port, IPEndPoint? Client, long BytesIn, long BytesOut, ResetReason? Abort)
    : HubEvent;

/// <summary>The hub has started after an end that was none of its own; its state was taken up again.</summary>
/// <param name="AllowedEdges">Edges found in the state.</param>
/// <param name="PreviousStart">When the run began that was cut off; null when its marker was not readable.</param>
public sealed record CrashRecoveredEvent(int AllowedEdges, DateTimeOffset? PreviousStart) : HubEvent;

/// <summary>The hub could not take up the state of a run that was cut off; it does not start.</summary>
/// <param name="Error">Why, for the operator.</param>
/// <param name="PreviousStart">When the run began that was cut off; null when its marker was not readable.</param>
public sealed record CrashRecoveryFailedEvent(string Error, DateTimeOffset? PreviousStart) : HubEvent;
