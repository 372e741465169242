using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Status;
using Tunnel.Hub.Targets;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Doctor;

/// <summary>
/// Checks that the targets of ports have an address and, for TCP, accept connections; UDP gives no sign of whether it works. As the hub
/// itself, it leaves alone what <c>targetAllowCidrs</c> does not allow. What accepts may also be a port of an edge, so that clients would
/// go round and round: then the hub turns itself away at that port meanwhile, which its counters show.
/// </summary>
internal sealed class UpstreamsCheck(NameLookup lookup, TcpConnector connect, TimeProvider time) : ICheck<HubDoctorContext>
{
    // Ranges have thousands of ports; trying this many shows enough.
    internal const int Most = 64;

    // All of them are tried at once, since each may take this long. On a busy machine one second was too short for one in eight loops.
    private static readonly TimeSpan TimeToGoRound = TimeSpan.FromSeconds(2);

    private static readonly string Loop = ReasonCounters<StreamFailure>.NameOf(StreamFailure.ForwardingLoop);

    public string Name => "upstreams";

    /// <summary>
    /// Connects, and stays until the upstream says something or hangs up: if it leads back to an edge, the hub gets to know it meanwhile.
    /// </summary>
    public static async Task ConnectAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address, cancellationToken);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeToGoRound);
        try
        {
            await socket.ReceiveAsync(new byte[1], SocketFlags.None, patience.Token);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            // It has accepted, and that is what counts: most upstreams wait for the client, and some dislike one without a PROXY header.
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    public async Task<CheckResult> RunAsync(HubDoctorContext context, CancellationToken cancellationToken)
    {
        if (context.IsElsewhere)
            return new CheckResult(Name, CheckStatus.Skipped, "the hub reaches them from its own machine");
        var all = context.Edges.Where(edge => edge.Enabled).Select(AllowedEdge.From).SelectMany(
            edge => Targets(edge, context.Status)).ToLookup(use => use.Target, use => use.Port);
        if (all.Count == 0)
            return new CheckResult(Name, CheckStatus.Skipped, "no edge has a port");
        var before = Loops(await context.AskPortsAsync(cancellationToken));
        var tried = await Task.WhenAll(
            all.Take(Most).Select(async uses => (Uses: uses, Fault: await FaultAsync(uses.Key, cancellationToken))));
        var after = Loops(await context.AskPortsAsync(cancellationToken));
        (Target Target, string Fault)[] faulty =
        [
            .. tried.Select(target => (target.Uses.Key, Fault: target.Fault ?? LoopAt(target.Uses)))
                .Where(found => found.Fault is not null).Select(found => (found.Key, found.Fault!)),
        ];

        // A fault that many ports of one host share is said once.
        var faults = faulty.GroupBy(found => (found.Target.Host, found.Target.Udp, found.Fault)).Select(
            group => $"{(group.Key.Udp ? "udp" : "tcp")} {Place(group.Key.Host, group.Select(found => found.Target.Port))}: "
                + group.Key.Fault).ToArray();
        var shown = $"{tried.Length - faulty.Length} of {tried.Length} answer or have an "
            + $"address{(all.Count > Most ? $"; {all.Count - Most} more were not tried" : "")}";
        return faults.Length == 0
            ? new CheckResult(Name, CheckStatus.Ok, shown)
            : new CheckResult(
                Name, CheckStatus.Failed, $"{shown}; not {string.Join("; ", faults)}",
                "start what is to listen there, or name another targetHost or targetPort for the port");

        string? LoopAt(IEnumerable<TrafficKey> ports) =>
            ports.Where(port => !port.Udp && after.GetValueOrDefault(port) > before.GetValueOrDefault(port))
                .Select(port => $"leads back to {port.Proto}/{port.Port} of {port.EdgeId}, in a loop: no service has that address and port")
                .FirstOrDefault();
    }

    private static string Place(string host, IEnumerable<int> ports) =>
        $"{(host.Contains(':') ? $"[{host}]" : host)}:{PortList.Format(ports)}";

    // A loop is refused at once, or ended as an error of the dial where the client came before the dial was noted.
    private static Dictionary<TrafficKey, long> Loops(ImmutableArray<PortStatus> ports) => ports.ToDictionary(
        port => new TrafficKey(port.EdgeId, port.Proto == "udp", port.Port),
        port => port.Blocked.GetValueOrDefault(Loop) + port.Errors.GetValueOrDefault(Loop));

    private static IEnumerable<(Target Target, TrafficKey Port)> Targets(AllowedEdge edge, HubStatus hub)
    {
        foreach (var (udp, ports) in ((bool, IEnumerable<int>)[])[(false, edge.TcpPorts), (true, edge.UdpPorts)])
        {
            foreach (var port in ports)
            {
                var policy = edge.PolicyFor(udp, port);
                var usualPort = policy.TargetPort ?? port;
                var key = new TrafficKey(edge.Id, udp, port);
                var rule = new TargetRule(hub.TargetAllowCidrs, policy.TargetAllowCidrs);
                if (policy.Pool?.Targets is null)
                    yield return (new Target(policy.TargetHost ?? hub.TargetHost, usualPort, udp, rule), key);
                foreach (var target in policy.Pool?.Targets ?? new TargetList([]))
                    yield return (new Target(target.Host, target.Port ?? usualPort, udp, rule), key);
            }
        }
    }

    private async Task<string?> FaultAsync(Target target, CancellationToken cancellationToken)
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

        return target.Udp && allowed.Length > 0 ? null : fault;
    }

    private sealed record Target(string Host, int Port, bool Udp, TargetRule Rule);
}
