using System.Net;
using System.Net.Sockets;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Endpoints;
using Tunnel.Shared.Checks;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>Checks that the hub's name, or that of the proxy on the way, has addresses.</summary>
internal sealed class DnsCheck(NameResolver resolver, TimeProvider time) : IEdgeCheck
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public string Name => "dns";

    public async Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        var host = context.NextHost;
        if (IPAddress.TryParse(host, out var literal))
        {
            context.Addresses = [literal];
            return new CheckResult(Name, CheckStatus.Ok, $"{host} is an address");
        }

        try
        {
            context.Addresses = [
                .. AddressOrder.Interleave(await resolver(host, cancellationToken).WaitAsync(Limit, time, cancellationToken))];
        }
        catch (SocketException e)
        {
            return NotFound(host, e.Message);
        }
        catch (TimeoutException)
        {
            return NotFound(host, $"no answer within {Limit.TotalSeconds:0} s");
        }

        return context.Addresses.IsEmpty
            ? NotFound(host, "no addresses")
            : new CheckResult(Name, CheckStatus.Ok, $"{host} is {string.Join(", ", context.Addresses)}");
    }

    private CheckResult NotFound(string host, string why) => new(
        Name, CheckStatus.Failed, $"{host} can't be resolved: {why}",
        "check the hub's name in the token (or hubHost; or the proxy's), and this machine's resolver (/etc/resolv.conf)");
}
