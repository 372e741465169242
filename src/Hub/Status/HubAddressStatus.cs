using System.Collections.Immutable;

namespace Tunnel.Hub.Status;

/// <summary>The hub's future address as edges are told it.</summary>
/// <param name="Address">The announced address as <c>HOST:PORT</c>; null when nothing is announced.</param>
/// <param name="EdgesNotTold">Enabled edges that have not confirmed since the hub's start that they have kept it.</param>
public sealed record HubAddressStatus(string? Address, ImmutableArray<string> EdgesNotTold);
