using System.Collections.Immutable;
using Tunnel.Shared.Firewall;

namespace Tunnel.Edge.Firewall;

/// <summary>The timed blocks that a hub has sent.</summary>
/// <param name="All">The blocks, with the time that was left when they came.</param>
/// <param name="Since">When they came, as a timestamp of the edge's clock.</param>
internal sealed record ReceivedBlocks(ImmutableArray<TimedBlock> All, long Since);
