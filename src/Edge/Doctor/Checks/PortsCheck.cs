using System.Net;
using System.Net.Sockets;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Ports;
using Tunnel.Edge.Status;
using Tunnel.Shared.Checks;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>Tries to bind a port and releases it again; returns what is wrong, or null.</summary>
internal delegate string? PortProbe(PortKey port, IPAddress address);

/// <summary>The ports of the edge that runs on this machine.</summary>
/// <param name="Bound">Those that it has bound.</param>
/// <param name="Failed">Those that it could not bind, with the reason.</param>
internal sealed record RunningPorts(IReadOnlySet<PortKey> Bound, IReadOnlyList<EdgePortFailure> Failed);

/// <summary>
/// Checks that the ports that the hub assigns can be bound here, or that the running edge has them already. Where the hub dials, only the
/// running edge knows them.
/// </summary>
/// <param name="probe">Tries to bind a port.</param>
/// <param name="running">Asks the running edge; null when none runs.</param>
internal sealed class PortsCheck(PortProbe probe, Func<CancellationToken, Task<RunningPorts?>> running) : IEdgeCheck
{
    private const string Advice = "see who has a port with 'ss -tulnp'; ports below 1024 need CAP_NET_BIND_SERVICE; what is protected or "
        + "not allowed is this edge's own setting";

    // An edge that has just been started binds its ports while this is going on.
    private const int MaxLooks = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public string Name => "ports";

    /// <summary>Tries over the system's sockets. The port does not listen meanwhile, so that no client can connect.</summary>
    public static string? TryBind(PortKey port, IPAddress address)
    {
        using var socket = port.Protocol == PortProtocol.Tcp
            ? new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
            : new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = address.Equals(IPAddress.IPv6Any);
            socket.Bind(new IPEndPoint(address, port.Number));
            return null;
        }
        catch (SocketException e)
        {
            return BindAddress.Explain(e.SocketErrorCode, address);
        }
    }

    public async Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        if (context.ConfigInForce is not { } config)
        {
            return context.Options.HubDials && await running(cancellationToken) is { } told
                ? Repeat(told, context.Options.EdgeId)
                : new CheckResult(Name, CheckStatus.Skipped, "only the hub knows the ports, and it did not tell them");
        }

        PortKey[] assigned = [.. config.ListenPorts.Select(PortKey.Tcp), .. config.ListenPortsUdp.Select(PortKey.Udp)];
        if (assigned.Length == 0)
            return None("the hub assigns none", context.Options.EdgeId);

        var rules = new PortRules(context.Options.AllowPorts, context.Options.ProtectedPorts);
        var address = context.Options.BindAddress.Equals(IPAddress.IPv6Any) && !BindAddress.ProbeIpv6()
            ? IPAddress.Any
            : context.Options.BindAddress;
        var held = (await running(cancellationToken))?.Bound;
        var objections = assigned.ToDictionary(static port => port, rules.Objection);
        var inUse = assigned.Where(port => objections[port] is null && held?.Contains(port) != true)
            .Select(port => (Port: port, Fault: probe(port, address)))
            .Where(static tried => tried.Fault is not null)
            .ToDictionary(static tried => tried.Port, static tried => tried.Fault);

        // What was in use may be the running edge's by now.
        for (var looks = 1; held is not null && looks < MaxLooks && !inUse.Keys.All(held.Contains); looks++)
        {
            await Task.Delay(Pause, cancellationToken);
            held = (await running(cancellationToken))?.Bound;
        }

        string[] faults =
        [
            .. from port in assigned
               let fault = objections[port] ?? (held?.Contains(port) == true ? null : inUse.GetValueOrDefault(port))
               where fault is not null
               select $"{port}: {fault}",
        ];
        var own = held is null ? 0 : assigned.Count(held.Contains);
        var good = $"{assigned.Length - faults.Length} of {assigned.Length} can be bound at "
            + $"{address}{(own > 0 ? $", {own} of them held by the running edge" : "")}";
        return faults.Length == 0
            ? new CheckResult(Name, CheckStatus.Ok, good)
            : new CheckResult(Name, CheckStatus.Failed, $"{good}; not {string.Join("; ", faults)}", Advice);
    }

    private CheckResult Repeat(RunningPorts told, string edgeId)
    {
        var good = $"the running edge has bound {told.Bound.Count}";
        return told.Failed.Count > 0
            ? new CheckResult(
                Name, CheckStatus.Failed,
                $"{good}; not {string.Join("; ", told.Failed.Select(static failed => $"{failed}: {failed.Error}"))}", Advice)
            : told.Bound.Count == 0
            ? None("the running edge has none: the hub has not come yet, or assigns none", edgeId)
            : new CheckResult(Name, CheckStatus.Ok, good);
    }

    private CheckResult None(string detail, string edgeId) =>
        new(Name, CheckStatus.Warning, detail, $"at the hub: tunnel-hub edge show {edgeId}");
}
