using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets;

namespace Tunnel.Hub.Forwarding.Authorizing;

/// <summary>
/// How the hub connects to an <c>authorizeUrl</c>: only to addresses that targets may have too, whatever the name or an answer says, and
/// without believing an answer more than its status.
/// </summary>
internal static class AuthorizeConnections
{
    /// <summary>How many connections one URL gets at once.</summary>
    public const int Most = 32;

    // An answer's body says nothing to the hub; a short one is read, so that the connection can be used again.
    private const int MaxBody = 16 << 10;

    private const int MaxHeadersKiB = 16;
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    /// <summary>Makes what sends requests.</summary>
    /// <param name="resolver">Knows the addresses of names.</param>
    /// <param name="rule">The addresses that may be connected to.</param>
    public static HttpMessageHandler Open(TargetResolver resolver, TargetRule rule) => new SocketsHttpHandler
    {
        ActivityHeadersPropagator = null,
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        MaxConnectionsPerServer = Most,
        MaxResponseHeadersLength = MaxHeadersKiB,
        MaxResponseDrainSize = MaxBody,
        ResponseDrainTimeout = TimeSpan.FromSeconds(1),
        // A name that leads elsewhere now, or a rule that has changed, is followed.
        PooledConnectionLifetime = Lifetime,
        SslOptions = new SslClientAuthenticationOptions
        {
            // A certificate must not make the hub fetch anything.
            CertificateChainPolicy = new X509ChainPolicy
            {
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            },
        },
        ConnectCallback = (context, limit) => ConnectAsync(context.DnsEndPoint, resolver, rule, limit),
    };

    private static async ValueTask<Stream> ConnectAsync(
        DnsEndPoint target, TargetResolver resolver, TargetRule rule, CancellationToken limit)
    {
        var addresses = await resolver.ResolveAsync(target.Host.Trim('[', ']')).WaitAsync(limit);
        if (addresses.Length == 0)
            throw new IOException($"{target.Host} has no address");
        if (rule.Filter(addresses) is not { Length: > 0 } allowed)
            throw new IOException($"{target.Host} has no address that targetAllowCidrs allow");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, target.Port, limit);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
