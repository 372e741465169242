using System.Net;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Doctor;

/// <summary>
/// Checks that edges reach the tunnel port. A connected edge proves it; without one, the name in tokens is tried from here, which proves
/// less.
/// </summary>
internal sealed class TunnelPortCheck(TcpConnector connect, TimeProvider time) : ICheck<HubDoctorContext>
{
    public string Name => "tunnel-port";

    public async Task<CheckResult> RunAsync(HubDoctorContext context, CancellationToken cancellationToken)
    {
        var port = context.Status.TunnelPort;
        var dialled = context.Edges.Where(static edge => edge.DialTarget is not null).Select(static edge => edge.Id).ToHashSet();
        if (dialled.Count > 0 && dialled.Count == context.Edges.Length)
            return new CheckResult(Name, CheckStatus.Ok, $"this hub dials all its edges, so that nobody has to reach port {port}");
        if (context.Status.ConnectedEdges.FirstOrDefault(edge => !dialled.Contains(edge.EdgeId)) is { } edge)
        {
            return new CheckResult(Name, CheckStatus.Ok, $"edge {edge.EdgeId} has come to port {port} from {edge.Remote}");
        }

        if (context.Status.PublicHost is not { } setting || !HostSyntax.TryParseHostAndPort(setting, out var host, out var given))
        {
            return new CheckResult(
                Name, CheckStatus.Warning,
                $"no edge is connected, and publicHost is not set, so nothing shows whether port {port} can be reached",
                "set publicHost, and at an edge run: tunnel-edge doctor");
        }

        var (addresses, fault) = await TcpReach.ResolveAsync(Dns.GetHostAddressesAsync, host, cancellationToken);
        if (fault is not null)
        {
            return new CheckResult(
                Name, CheckStatus.Failed, $"publicHost {host} can't be resolved: {fault}",
                "set publicHost to a name or address that edges reach this machine by");
        }

        foreach (var address in addresses)
        {
            if (await TcpReach.FaultAsync(connect, new IPEndPoint(address, given ?? port), time, cancellationToken) is null)
            {
                return new CheckResult(
                    Name, CheckStatus.Ok, $"no edge is connected, but {HostSyntax.Format(host, given ?? port)} answers from here");
            }
        }

        // Many routers do not let a client inside the network use its outer address.
        return new CheckResult(
            Name, CheckStatus.Warning, $"no edge is connected, and {HostSyntax.Format(host, given ?? port)} does not answer from here",
            $"at an edge run: tunnel-edge doctor; look at the firewall and the port forwarding of TCP {given ?? port} (and UDP, for QUIC)");
    }
}
