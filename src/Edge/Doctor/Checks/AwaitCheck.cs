using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Checks;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>Checks the port at which the hub is awaited, where the hub dials: it is held by the running edge, or can be bound.</summary>
/// <param name="ReadConnected">Asks the running edge whether it is connected; null when none runs.</param>
internal sealed record AwaitCheck(Func<CancellationToken, Task<bool?>> ReadConnected) : ICheck
{
    public string Name => "dial-port";

    public async Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        var (address, port) = (context.Options.BindAddress, context.Options.HubPort);
        if (await ReadConnected(cancellationToken) is { } connected)
            return connected
                ? new CheckResult(Name, CheckStatus.Ok, $"the running edge listens at port {port}, and its hub has come")
                : new CheckResult(
                    Name, CheckStatus.Failed, $"the running edge listens at port {port}, and no hub has come",
                    $"check that a firewall in front of this machine lets TCP {port} in, and at the hub: tunnel-hub edge show "
                        + $"{context.Options.EdgeId}, and its log");
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
}
