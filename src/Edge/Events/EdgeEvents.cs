using System.Collections.Immutable;
using System.Net;
using Tunnel.Edge.Status;

namespace Tunnel.Edge.Events;

/// <summary>A tunnel to the hub was made.</summary>
/// <param name="Hub">The hub's address.</param>
/// <param name="Transport">The transport that it runs over, for example <c>tcpTls</c>.</param>
/// <param name="Reason">Why this transport was chosen, in one word: <c>configured</c>, <c>preferred</c>, or why it is not QUIC
/// (<c>quicTimedOut</c> …).</param>
public sealed record TunnelConnectedEvent(IPEndPoint Hub, string Transport, string Reason);

/// <summary>A tunnel has ended.</summary>
/// <param name="Hub">The hub's address.</param>
/// <param name="Reason">Why it ended, in words.</param>
public sealed record TunnelDisconnectedEvent(IPEndPoint Hub, string Reason);

/// <summary>The tunnel has lost its connection. What is open waits for another one, for <c>resumeGrace</c> at most.</summary>
/// <param name="Hub">The hub's address.</param>
/// <param name="Reason">Why it was lost, in words.</param>
/// <param name="Streams">The number of streams that wait.</param>
public sealed record TunnelLostEvent(IPEndPoint Hub, string Reason, int Streams);

/// <summary>The tunnel, which had lost its connection, goes on over another one with all that was open.</summary>
/// <param name="Hub">The hub's address.</param>
/// <param name="Streams">The number of streams that go on.</param>
/// <param name="BytesAgain">The bytes that the edge sends again.</param>
/// <param name="LostFor">The time without a connection, as the edge noticed it.</param>
public sealed record TunnelResumedEvent(IPEndPoint Hub, int Streams, long BytesAgain, TimeSpan LostFor);

/// <summary>The hub's configuration was applied, or what is bound has changed since.</summary>
/// <param name="Revision">The configuration's revision; 0 when the hub gives none.</param>
/// <param name="ListenPorts">The TCP ports that are bound.</param>
/// <param name="ListenPortsUdp">The UDP ports that are bound.</param>
/// <param name="FailedPorts">The assigned ports that are not bound.</param>
public sealed record PortsEvent(
    long Revision, ImmutableArray<int> ListenPorts, ImmutableArray<int> ListenPortsUdp, ImmutableArray<EdgePortFailure> FailedPorts);

/// <summary>A firewall configuration was applied, or could not be.</summary>
/// <param name="Revision">The revision of the hub's configuration that it came with.</param>
/// <param name="Applied">True when it is in force; false when the previous one is.</param>
/// <param name="Error">Why it is not in force; null when it is.</param>
public sealed record FirewallConfigUpdatedEvent(long Revision, bool Applied, string? Error);

/// <summary>Somebody else has changed the packet filter that was in force: rules, sets, chains or the whole table.</summary>
/// <param name="What">What was found, in words.</param>
/// <param name="Mended">True when it was put back; else this is tried again every 15 s.</param>
public sealed record FirewallDriftedEvent(string What, bool Mended);

/// <summary>A STUN server or the hub reported a public address of this machine that is new or has changed.</summary>
/// <param name="PublicIp">The address, IPv4 where there is one.</param>
/// <param name="PublicIpv6">The IPv6 address; null when not known.</param>
public sealed record PublicIpDiscoveredEvent(IPAddress PublicIp, IPAddress? PublicIpv6);

/// <summary>The last run of this edge was cut off (a kill, a crash, a power failure), and what it left behind is cleaned up.</summary>
/// <param name="PreviousStart">When that run began; null when this is not known.</param>
public sealed record CrashRecoveredEvent(DateTimeOffset? PreviousStart);

/// <summary>The last run of this edge was cut off, and something that it left behind can't be cleaned up.</summary>
/// <param name="Error">What can't be cleaned up, and why.</param>
/// <param name="PreviousStart">When that run began; null when this is not known.</param>
public sealed record CrashRecoveryFailedEvent(string Error, DateTimeOffset? PreviousStart);

/// <summary>A client got a stream.</summary>
/// <param name="Port">The public port.</param>
/// <param name="Client">The client; null when it is not known.</param>
public sealed record StreamOpenedEvent(int Port, IPEndPoint? Client);

/// <summary>A client's stream has ended.</summary>
/// <param name="Port">The public port.</param>
/// <param name="Client">The client; null when it is not known.</param>
/// <param name="BytesIn">Bytes from the client.</param>
/// <param name="BytesOut">Bytes to the client.</param>
/// <param name="Completed">True when both directions ended in order; false when one side aborted.</param>
/// <param name="Reason">Who ended it and why, in words.</param>
public sealed record StreamClosedEvent(int Port, IPEndPoint? Client, long BytesIn, long BytesOut, bool Completed, string Reason);
