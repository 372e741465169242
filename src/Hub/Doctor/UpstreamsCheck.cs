using System.Net;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Status;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Doctor;

/// <summary>
/// Checks that the targets of ports have an address and, for TCP, accept connections; UDP gives no sign of whether it works. As the hub
/// itself, it leaves alone what <c>targetAllowCidrs</c> does not allow.
/// </summary>
internal sealed class UpstreamsCheck(NameLookup lookup, TcpConnector connect, TimeProvider time) : ICheck<HubDoctorContext>
{
    // Ranges have thousands of ports; trying this many shows enough.
    private const int Most = 64;
    private const int AtOnce = 16;

    public string Name => "upstreams";

    public async Task<CheckResult> RunAsync(HubDoctorContext context, CancellationToken cancellationToken)
    {
        if (context.IsElsewhere)
            return new CheckResult(Name, CheckStatus.Skipped, "the hub reaches them from its own machine");
        var all = context.Edges.Where(edge => edge.Enabled).Select(AllowedEdge.From).SelectMany(
            edge => Targets(edge, context.Status)).Distinct().ToArray();
        if (all.Length == 0)
            return new CheckResult(Name, CheckStatus.Skipped, "no edge has a port");
        using var turns = new SemaphoreSlim(AtOnce);
        var faults =
            (await Task.WhenAll(all.Take(Most).Select(target => FaultAsync(target, turns, cancellationToken)))).OfType<string>().ToArray();
        var tried = Math.Min(all.Length, Most);
        var shown = $"{tried - faults.Length} of {tried} answer or have an "
            + $"address{(all.Length > Most ? $"; {all.Length - Most} more were not tried" : "")}";
        return faults.Length == 0
            ? new CheckResult(Name, CheckStatus.Ok, shown)
            : new CheckResult(
                Name, CheckStatus.Failed, $"{shown}; not {string.Join("; ", faults)}",
                "start what is to listen there, or name another targetHost or targetPort for the port");
    }

    private static IEnumerable<Target> Targets(AllowedEdge edge, HubStatus hub)
    {
        foreach (var (udp, ports) in ((bool, IEnumerable<int>)[])[(false, edge.TcpPorts), (true, edge.UdpPorts)])
        {
            foreach (var port in ports)
            {
                var policy = edge.PolicyFor(udp, port);
                var usualPort = policy.TargetPort ?? port;
                var rule = new TargetRule(hub.TargetAllowCidrs, policy.TargetAllowCidrs);
                if (policy.Pool?.Targets is null)
                    yield return new Target(policy.TargetHost ?? hub.TargetHost, usualPort, udp, rule);
                foreach (var target in policy.Pool?.Targets ?? new TargetList([]))
                    yield return new Target(target.Host, target.Port ?? usualPort, udp, rule);
            }
        }
    }

    private async Task<string?> FaultAsync(Target target, SemaphoreSlim turns, CancellationToken cancellationToken)
    {
        await turns.WaitAsync(cancellationToken);
        try
        {
            var (addresses, fault) = await TcpReach.ResolveAsync(lookup, target.Host, cancellationToken);
            var allowed = target.Rule.Filter(addresses);
            if (allowed.Length < addresses.Length)
                fault = $"targetAllowCidrs does not allow {string.Join(", ", addresses.Except(allowed))}";
            foreach (var address in target.Udp ? [] : allowed)
            {
                fault = await TcpReach.FaultAsync(connect, new IPEndPoint(address, target.Port), time, cancellationToken);
                if (fault is null)
                    return null;
            }

            return fault is null || (target.Udp && allowed.Length > 0)
                ? null
                : $"{(target.Udp ? "udp" : "tcp")} {HostSyntax.Format(target.Host, target.Port)}: {fault}";
        }
        finally
        {
            turns.Release();
        }
    }

    private sealed record Target(string Host, int Port, bool Udp, TargetRule Rule);
}
