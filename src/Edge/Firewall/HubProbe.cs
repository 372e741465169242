using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Tunnel.Edge.Connecting;
using Tunnel.Shared.Transport.Tls;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// A new connection to the hub, as the next tunnel would need one: the name resolved anew, TCP, and TLS with the pin. It ends before the edge says
/// who it is, which a hub counts as no try.
/// </summary>
internal sealed class HubProbe(string host, int port, Func<ImmutableArray<string>> pins, NameResolver resolver, TimeProvider time) : IHubProbe
{
    /// <summary>For the name and the connection together; a hub that takes longer is none that an edge could live with.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private volatile IPAddress[] _known = [];

    public IReadOnlyCollection<IPAddress> KnownAddresses => _known;

    public async Task<string?> TryAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Limit, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await TryAllAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"{host} port {port} did not answer within {Limit.TotalSeconds:0} s";
        }
        finally
        {
            await limit.CancelAsync();
        }
    }

    private async Task<string?> TryAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            _known = IPAddress.TryParse(host, out IPAddress? literal) ? [literal] : await resolver(host, cancellationToken).WaitAsync(cancellationToken);
        }
        catch (SocketException e)
        {
            return $"the name {host} can't be resolved: {e.Message}";
        }

        string error = $"the name {host} has no addresses";
        // All at once: one family may have no route here, and never had one.
        await foreach (Task<string?> attempt in Task.WhenEach(_known.Select(address => TryAsync(address, cancellationToken))))
        {
            if (await attempt is not { } fault)
                return null;
            error = fault;
        }

        return error;
    }

    private async Task<string?> TryAsync(IPAddress address, CancellationToken cancellationToken)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(new IPEndPoint(address, port), cancellationToken);
            await using var stream = new SslStream(new NetworkStream(socket));
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = host,
                    ApplicationProtocols = [new SslApplicationProtocol(TlsTunnel.Alpn)],
                    EnabledSslProtocols = SslProtocols.Tls13,
                    RemoteCertificateValidationCallback = (_, certificate, _, _) => IsHub(certificate),
                },
                cancellationToken);
            return null;
        }
        catch (Exception e) when (e is SocketException or IOException or AuthenticationException)
        {
            return $"{address} port {port}: {e.Message}";
        }
    }

    // Without pins any answer will do: nothing is said to whoever answers.
    private bool IsHub(X509Certificate? certificate) =>
        pins() is var known && (known.IsEmpty || (certificate is X509Certificate2 shown && known.Contains(CertificatePin.Compute(shown))));
}
