using System.Net;
using System.Net.Sockets;
using Tunnel.Edge.Endpoints;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Proxies;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Does one round of dialling: resolves the hub's name anew and tries all its addresses, each 250 ms after the one before or as soon as
/// that one has failed. The first that authenticates wins (RFC 8305).
/// </summary>
internal sealed class HubDialer(ITunnelDialer dialer, NameResolver resolver, TimeProvider time, ProxyRules? proxies = null) : IHubDialer
{
    internal static readonly TimeSpan Stagger = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ResolveTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The limit for one address, all steps together. Dialers have limits of their own, which say more; this one is for a dialer that
    /// hangs.
    /// </summary>
    internal static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The kinds of failure, the most helpful to the operator last: a hub that answered says more than an address that did not.
    /// </summary>
    private static readonly DialFailureKind[] ByMeaning =
    [
        DialFailureKind.Unreachable, DialFailureKind.Timeout, DialFailureKind.TlsFailed, DialFailureKind.ProtocolError,
        DialFailureKind.Busy, DialFailureKind.WrongCertificate, DialFailureKind.Unauthorized,
    ];

    /// <inheritdoc/>
    public async Task<DialResult> DialAsync(int port, DialRequest template, CancellationToken cancellationToken)
    {
        // A proxy resolves the hub's name itself, which this machine may not be able to.
        var hop = proxies?.HopTo(template.HostName, port);
        var (name, nextPort) = hop is null ? (template.HostName, port) : (hop.Server.Host, hop.Server.Port);
        IPAddress[] resolved;
        try
        {
            using var timeout = new CancellationTokenSource(ResolveTimeout, time);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            resolved = IPAddress.TryParse(name, out var literal)
                ? [literal]
                : await resolver(name, limit.Token).WaitAsync(limit.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return DialResult.Failed(DialFailureKind.Unreachable,
                $"the name {name} can't be resolved ({(e is SocketException ? e.Message : "no answer in time")}): check the "
                    + $"{(hop is null ? "hub" : "proxy")}'s host name and this machine's DNS");
        }

        var addresses = AddressOrder.Interleave(resolved, template.Address.Address);
        return addresses.Count == 0
            ? DialResult.Failed(DialFailureKind.Unreachable, $"the name {name} has no addresses: check it, and this machine's DNS")
            : await RaceAsync(
                [.. addresses.Select(address => template with { Address = new IPEndPoint(address, nextPort), Proxy = hop })],
                cancellationToken);
    }

    private async Task<DialResult> RaceAsync(IReadOnlyList<DialRequest> requests, CancellationToken cancellationToken)
    {
        using var losers = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var attempts = new List<Task<DialResult>>(requests.Count);
        DialResult? worst = null;
        var started = 0;
        try
        {
            while (started < requests.Count || attempts.Count > 0)
            {
                if (started < requests.Count)
                    attempts.Add(AttemptAsync(requests[started++], losers.Token));
                if (await FirstAsync(attempts, started < requests.Count, cancellationToken) is not { } ended)
                    continue;
                attempts.Remove(ended);
                var result = await ended;
                if (result.Tunnel is not null)
                    return result;
                worst = worst is null || Meaning(result) > Meaning(worst) ? result : worst;
                // The id and the secret are the same for every address, and every further failure counts against this edge.
                if (result.Failure!.Kind == DialFailureKind.Unauthorized)
                    return result;
            }

            return worst!;
        }
        finally
        {
            await losers.CancelAsync();
            foreach (var attempt in attempts)
                attempt.DiscardAsync().Guard("closing a tunnel that came too late");
        }
    }

    /// <summary>Returns the first attempt to end; null when the next attempt is due before that.</summary>
    private async Task<Task<DialResult>?> FirstAsync(List<Task<DialResult>> attempts, bool more, CancellationToken cancellationToken)
    {
        var first = Task.WhenAny(attempts);
        return !more || await first.EndsWithinAsync(Stagger, time, cancellationToken) ? await first.WaitAsync(cancellationToken) : null;
    }

    private async Task<DialResult> AttemptAsync(DialRequest request, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(AttemptTimeout, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await dialer.DialAsync(request, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return DialResult.Failed(DialFailureKind.Timeout, $"{request.Address} did not answer within {AttemptTimeout.TotalSeconds:0} s");
        }
    }

    private static int Meaning(DialResult result) => Array.IndexOf(ByMeaning, result.Failure!.Kind);
}
