using System.Net;
using System.Net.Sockets;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Status;
using Tunnel.Shared.Checks;

namespace Tunnel.Hub.Doctor;

/// <summary>
/// Checks the edges that the hub dials: that their names resolve, their ports answer, and what answers begins TLS, as an edge does. Edges
/// that are connected have proved all that; one that was asked about by name is tried anyway. Where a proxy is on the way, the service's
/// own tries are told instead.
/// </summary>
internal sealed class DialledEdgesCheck(NameLookup lookup, TcpConnector connect, TimeProvider time) : ICheck<HubDoctorContext>
{
    private const byte TlsHandshakeRecord = 22;

    public string Name => "dials";

    /// <summary>Connects, and waits for the first byte of a TLS client.</summary>
    public static async Task ConnectAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address, cancellationToken);
        var first = new byte[1];
        int count;
        try
        {
            count = await socket.ReceiveAsync(first, SocketFlags.None, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            throw new DialledPortException("it connects, but what is there does not begin TLS, as an edge that awaits its hub does");
        }

        if (count == 0)
        {
            throw new DialledPortException(
                "it connects and is closed at once: see the edge's dialAllowCidrs; or this address is blocked there for a minute");
        }

        if (first[0] != TlsHandshakeRecord)
            throw new DialledPortException("it connects, but what is there does not speak TLS, as an edge does");
    }

    public async Task<CheckResult> RunAsync(HubDoctorContext context, CancellationToken cancellationToken)
    {
        if (context.EdgeId is { } id && !context.Edges.Any(edge => edge.Id == id && edge.DialTarget is not null))
        {
            return new CheckResult(
                Name, CheckStatus.Failed, $"{id} is no edge that this hub dials", "tunnel-hub edge list names the edges");
        }

        var dialled = context.Edges.Where(static edge => edge.DialTarget is not null && edge.Enabled).ToArray();
        if (dialled.Length == 0)
            return new CheckResult(Name, CheckStatus.Skipped, "no edge is dialled by this hub", null);
        var status = context.Status.Edges.ToDictionary(static edge => edge.EdgeId, StringComparer.Ordinal);
        var asked = dialled.Where(
            edge => context.EdgeId is { } named
                ? edge.Id == named
                : status.GetValueOrDefault(edge.Id) is not { } told || told is { ConnectedSince: null, DialledBy: null }).ToArray();
        var others = status.Values.Where(static edge => edge is { ConnectedSince: null, DialledBy: not null }).ToArray();
        if (asked.Length > 0 && context.IsElsewhere)
        {
            return new CheckResult(
                Name, CheckStatus.Warning, $"not connected: {string.Join("; ", asked.Select(edge => Reported(edge, status)))}",
                "run this at the hub's machine, which tries them");
        }

        var (good, faults) = (new List<string>(), new List<string>());
        foreach (var edge in asked)
        {
            var told = status.GetValueOrDefault(edge.Id);
            if (told?.DialProxy is { } proxy)
            {
                // The service alone has what the proxy asks for, so its own tries count.
                if (told.ConnectedSince is null)
                    faults.Add($"{edge.Id} at {edge.DialTarget} through {proxy}: {told.DialFault ?? "it is not connected yet"}");
                else
                    good.Add($"{edge.Id} at {edge.DialTarget} is connected through {proxy}");
            }
            else if (await FaultAsync(edge.DialTarget!, cancellationToken) is { } fault)
            {
                faults.Add($"{edge.Id} at {edge.DialTarget}: {fault}");
            }
            else if (told is { ConnectedSince: null, DialFault: { } reported })
            {
                faults.Add($"{edge.Id} at {edge.DialTarget}: {reported}");
            }
            else
            {
                good.Add($"{edge.Id} at {edge.DialTarget} answers with TLS");
            }
        }

        return faults.Count > 0
            ? new CheckResult(
                Name, CheckStatus.Failed, string.Join("; ", faults),
                "at the edge: tunnel-edge doctor (dial-port), and let TCP in at that port in front of its machine")
            : new CheckResult(
                Name, CheckStatus.Ok,
                asked.Length > 0
                    ? string.Join(", ", good)
                    : $"{dialled.Length - others.Length} of {dialled.Length - others.Length} that this hub dials are connected"
                        + Proxies(status.Values) + Others(others),
                null);
    }

    private static string Proxies(IEnumerable<AllowedEdgeStatus> edges) =>
        edges.Select(static edge => edge.DialProxy).OfType<string>().Distinct().ToArray() is { Length: > 0 } used
            ? $" (through {string.Join(", ", used)})"
            : "";

    private static string Others(AllowedEdgeStatus[] edges) => string.Concat(
        edges.GroupBy(static edge => edge.DialledBy).Select(static dialled =>
            $"; {dialled.Key} dials {string.Join(", ", dialled.Select(static edge => edge.EdgeId))}"));

    private static string Reported(EdgeDefinition edge, Dictionary<string, AllowedEdgeStatus> status) =>
        $"{edge.Id} at {edge.DialTarget} ({status.GetValueOrDefault(edge.Id)?.DialFault ?? "no fault was told"})";

    private async Task<string?> FaultAsync(DialTarget target, CancellationToken cancellationToken)
    {
        var (addresses, fault) = await TcpReach.ResolveAsync(lookup, target.Host, cancellationToken);
        if (fault is not null)
            return $"the name can't be resolved: {fault}";
        foreach (var address in addresses)
        {
            try
            {
                if (await TcpReach.FaultAsync(connect, new IPEndPoint(address, target.Port), time, cancellationToken) is not { } found)
                    return null;
                fault = $"{address}: {found}";
            }
            catch (DialledPortException e)
            {
                fault = $"{address}: {e.Message}";
            }
        }

        return fault;
    }

    /// <summary>Says that the peer which answers is no edge.</summary>
    private sealed class DialledPortException(string message) : Exception(message);
}
