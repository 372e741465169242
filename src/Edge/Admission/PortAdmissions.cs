using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Admission;

/// <summary>Creates the admission of each port that is bound, with what all of them share.</summary>
/// <param name="totals">Counts the clients that are turned away at all ports.</param>
/// <param name="blocked">Is told of each client that is turned away.</param>
/// <param name="sources">The sources that are let in at no port.</param>
/// <param name="time">The clock for rates.</param>
internal sealed class PortAdmissions(RefusalCounters totals, IBlockedClients blocked, BlockedSources sources, TimeProvider time)
{
    public PortAdmission Create(PortKey port, EdgePortPolicy policy) => new(port, policy, totals, blocked, time) { Sources = sources };
}
