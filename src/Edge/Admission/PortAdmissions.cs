using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Admission;

/// <summary>Makes the door of each port that is bound, with what they have in common.</summary>
/// <param name="totals">Counts who is turned away at all ports.</param>
/// <param name="blocked">Is told of each who is.</param>
/// <param name="sources">Who is let in at no port.</param>
/// <param name="time">The clock of rates.</param>
internal sealed class PortAdmissions(RefusalCounters totals, IBlockedClients blocked, BlockedSources sources, TimeProvider time)
{
    public PortAdmission Create(PortKey port, EdgePortPolicy policy) => new(port, policy, totals, blocked, time) { Sources = sources };
}
