using Tunnel.Shared.Checks;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Transport.Proxies;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>Says which proxy is used, and checks that it connects to the hub.</summary>
internal sealed class ProxyCheck(TimeProvider time) : IEdgeCheck
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public string Name => "proxy";

    public async Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        if (context.Proxy is not { } hop)
            return new CheckResult(Name, CheckStatus.Ok, "none: the hub is reached straight");
        var used = $"{hop.Server}, which {context.Options.Proxy.Source} names";
        if (context.Reached is not { } address)
            return new CheckResult(Name, CheckStatus.Skipped, $"{used}; no TCP connection");
        var target = HostSyntax.Format(hop.Host, hop.Port);
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var (socket, fault) = await PeerConnector.ConnectAsync(address, hop, null, either.Token);
            socket?.Dispose();
            return fault is null
                ? new CheckResult(Name, CheckStatus.Ok, $"{used}, connects to {target}")
                : Failed($"{used}: no connection to {target}: {fault}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed($"{used}: no answer about {target} within {Limit.TotalSeconds:0} s");
        }
    }

    private CheckResult Failed(string what) =>
        new(Name, CheckStatus.Failed, what, "set proxy to another one, or to none where the hub can be reached straight");
}
