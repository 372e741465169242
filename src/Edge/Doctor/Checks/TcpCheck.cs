using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>Makes a TCP connection and closes it again; throws a <see cref="SocketException"/> when that fails.</summary>
internal delegate Task TcpConnector(IPEndPoint address, CancellationToken cancellationToken);

/// <summary>Checks that the hub's tunnel port, or the proxy on the way, takes TCP connections at one or more of its addresses.</summary>
internal sealed class TcpCheck(TcpConnector connect, TimeProvider time) : IEdgeCheck
{
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public string Name => "tcp";

    /// <summary>Connects over the system's sockets.</summary>
    public static async Task ConnectAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address, cancellationToken);
    }

    public async Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        if (context.Addresses.IsEmpty)
            return new CheckResult(Name, CheckStatus.Skipped, "the hub's address is not known");
        var good = new List<string>();
        var bad = new List<string>();
        foreach (var address in context.Addresses)
        {
            var endPoint = new IPEndPoint(address, context.NextPort);
            var start = Stopwatch.GetTimestamp();
            if (await FaultAsync(endPoint, cancellationToken) is { } fault)
            {
                bad.Add($"{endPoint}: {fault}");
                continue;
            }

            good.Add($"{endPoint} in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0.0} ms");
            context.Reached ??= endPoint;
        }

        if (good.Count == 0)
        {
            return new CheckResult(
                Name, context.Severity(TransportKind.TcpTls), string.Join("; ", bad),
                $"check that the {(context.Proxy is null ? "hub" : "proxy")} runs, that the port is right, and that its firewall and port "
                    + $"forwarding let TCP {context.NextPort} in");
        }

        return bad.Count == 0
            ? new CheckResult(Name, CheckStatus.Ok, string.Join("; ", good))
            : new CheckResult(
                Name, CheckStatus.Warning, $"{string.Join("; ", good)}; not {string.Join("; ", bad)}",
                "remove addresses from DNS that are not the hub's, or make the hub reachable there");
    }

    private async Task<string?> FaultAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await connect(address, either.Token);
            return null;
        }
        catch (SocketException e)
        {
            return e.Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"no answer within {Limit.TotalSeconds:0} s";
        }
    }
}
