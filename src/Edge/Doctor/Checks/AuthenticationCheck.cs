using System.Net;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Text;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>
/// Checks that the hub accepts this edge's id and secret. The check hangs up before HELLO, which decides between two tunnels of one id
/// (protocol.md section 2), so a running edge, here or elsewhere, keeps its tunnel and its streams. The hub's log shows a tunnel that came
/// and went.
/// </summary>
internal sealed class AuthenticationCheck(ITunnelDialer tls, ITunnelDialer? quic) : IEdgeCheck
{
    public string Name => "authentication";

    public async Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        var dialer = context.Options.Transport == TransportMode.Quic ? quic : tls;
        if (dialer is null || (dialer.Kind == TransportKind.Quic && context.Proxy is not null))
            return new CheckResult(Name, CheckStatus.Skipped, "QUIC is not available");
        var address = dialer.Kind == TransportKind.TcpTls || context.Addresses.IsEmpty
            ? context.Reached
            : new IPEndPoint(context.Addresses[0], context.Options.HubPort);
        if (address is null)
            return new CheckResult(Name, CheckStatus.Skipped, "the hub is not reached");

        var result = await DialAsync(dialer, context, address, cancellationToken);
        if (result.Failure is { } failure)
            return new CheckResult(Name, CheckStatus.Failed, failure.Message, Advice(failure.Kind, context.Options.EdgeId));
        await using var tunnel = result.Tunnel!;
        context.Config = result.Config;
        return new CheckResult(
            Name, CheckStatus.Ok,
            $"the hub takes '{context.Options.EdgeId}' and assigns {result.Config!.ListenPorts.Length} TCP and "
                + $"{CountText.Of(result.Config.ListenPortsUdp.Length, "UDP port")}");
    }

    // The secrets are tried as the edge does: the one that was renewed, then those that this hub may know instead.
    private static async Task<DialResult> DialAsync(
        ITunnelDialer dialer, DoctorContext context, IPEndPoint address, CancellationToken cancellationToken)
    {
        DialResult? result = null;
        foreach (var secret in context.Secrets)
        {
            result = await dialer.DialAsync(context.Request(address) with { Secret = secret }, cancellationToken);
            if (result.Failure?.Kind != DialFailureKind.Unauthorized)
                break;
        }

        return result!;
    }

    private static string Advice(DialFailureKind kind, string id) => kind switch
    {
        DialFailureKind.Unauthorized => $"at the hub: tunnel-hub edge show {id}; is it enabled? A new token: tunnel-hub edge token {id}",
        DialFailureKind.WrongCertificate => "see tls",
        DialFailureKind.Busy =>
            "try again in a minute: the hub is checking too many secrets at present, has as many edges as limits.edges allows, or is "
            + "stopping",
        _ => "see the checks above, and the hub's log",
    };
}
