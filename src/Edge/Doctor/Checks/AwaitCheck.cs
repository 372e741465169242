using System.Net;
using System.Net.Sockets;
using Tunnel.Edge.Connecting.Awaiting;
using Tunnel.Shared.Checks;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>The running edge's report about its hub.</summary>
/// <param name="IsConnected">Whether the hub has come.</param>
/// <param name="Strangers">Who came and was not the hub, by reason.</param>
internal sealed record AwaitedHub(bool IsConnected, IReadOnlyDictionary<string, long> Strangers);

/// <summary>Checks the port at which the hub is awaited, where the hub dials: it is held by the running edge, or can be bound.</summary>
/// <param name="Ask">Asks the running edge; null when none runs.</param>
internal sealed record AwaitCheck(Func<CancellationToken, Task<AwaitedHub?>> Ask) : IEdgeCheck
{
    public string Name => "dial-port";

    public async Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        var (address, port) = (context.Options.BindAddress, context.Options.HubPort);
        if (await Ask(cancellationToken) is { } hub)
        {
            return hub.IsConnected
                ? new CheckResult(Name, CheckStatus.Ok, $"the running edge listens at port {port}, and its hub has come")
                : new CheckResult(
                    Name, CheckStatus.Failed, $"the running edge listens at port {port}, and no hub has come{Describe(hub.Strangers)}",
                    Advice(hub.Strangers, port, context.Options.EdgeId));
        }

        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = address.Equals(IPAddress.IPv6Any);
            socket.Bind(new IPEndPoint(address, port));
            return new CheckResult(
                Name, CheckStatus.Warning, $"port {port} can be bound, but no edge runs here, so whether the hub comes can't be told",
                "start the service and run this again");
        }
        catch (SocketException e)
        {
            return new CheckResult(
                Name, CheckStatus.Failed, $"port {port} of {address} can't be bound: {e.Message}",
                "end the program that has it (ss -ltnp), or take another port (dialAddress of the edge at the hub), with a new token");
        }
    }

    private static string Describe(IReadOnlyDictionary<string, long> strangers) =>
        strangers.Count == 0 ? "" : $"; others have: {string.Join(", ", strangers.Select(static kind => $"{kind.Value} {kind.Key}"))}";

    private static string Advice(IReadOnlyDictionary<string, long> strangers, int port, string edgeId) =>
        strangers.ContainsKey(StrangerCounters.NameOf(StrangerKind.NotAllowed))
            ? "if one of those not allowed was the hub, put the address that it comes from into dialAllowCidrs"
            : strangers.ContainsKey(StrangerCounters.NameOf(StrangerKind.WrongCertificate))
            ? $"if the one with another certificate was the hub, make a new token there: tunnel-hub edge token {edgeId}"
            : $"check that a firewall in front of this machine lets TCP {port} in, and at the hub: tunnel-hub doctor --edge {edgeId}";
}
