using System.Collections.Immutable;
using Tunnel.Hub.Forwarding.Authorizing;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Status;

/// <summary>Describes whom the hub asks about clients, each once for an edge and what it wants.</summary>
internal static class AuthorizerStatuses
{
    public static ImmutableArray<AuthorizerStatus> Describe(Authorizers authorizers) =>
    [
        .. from used in authorizers.Describe()
           orderby used.EdgeId, used.Ports[0]
           select new AuthorizerStatus
           {
               EdgeId = used.EdgeId,
               Ports = PortList.Format(used.Ports),
               Url = used.Asked.Shown,
               FailOpen = used.Asked.FailOpen == true,
               Fault = used.Fault?.Reason,
               FaultSince = used.Fault?.Since,
           },
    ];
}
