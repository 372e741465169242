using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Transport.Proxies;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>Sends something large to the hub and waits for its answer; returns false when none comes.</summary>
/// <param name="context">Says whose certificate is expected.</param>
/// <param name="address">The hub's tunnel port.</param>
/// <param name="maxPacket">The most bytes that a packet may have in either direction; null leaves it to this machine.</param>
/// <param name="cancellationToken">Ends the wait.</param>
internal delegate Task<bool> LargeHello(DoctorContext context, IPEndPoint address, int? maxPacket, CancellationToken cancellationToken);

/// <summary>
/// Checks that the path to the hub takes packets of the size that this machine sends. Where a firewall drops large packets, and also the
/// messages that would say so, a handshake gets through because it is small, and then nothing else does. So this check makes a handshake
/// whose first message takes several full packets; the hub can answer only when it has received all of it.
/// </summary>
internal sealed class PathCheck(LargeHello say, TimeProvider time) : IEdgeCheck
{
    /// <summary>The limit for one handshake, which allows several retransmissions.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(6);

    // Every path of IPv6 takes the first size, and every host the second. The edge itself tries the same two.
    private static readonly int[] Smaller = [1_280, 596];

    // The headers of IPv6 and TCP together have as many bytes.
    private const int LargestHeaders = 60;


    public string Name => "path";

    public async Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        if (context.Reached is not { } address)
            return new CheckResult(Name, CheckStatus.Skipped, "no TCP connection");
        if (await PassesAsync(context, address, null, cancellationToken))
            return new CheckResult(Name, CheckStatus.Ok, $"packets of full size come through to {address}");
        foreach (var size in Smaller)
        {
            if (await PassesAsync(context, address, size, cancellationToken))
            {
                return new CheckResult(
                    Name, CheckStatus.Warning,
                    $"packets of full size to {address} are lost silently; those of {size} bytes come through",
                    "the edge finds that out and goes on with small packets, after some seconds in which nothing passes. Better: let "
                        + "firewalls and tunnels on the way send "
                    + $"ICMP \"fragmentation needed\" and \"packet too big\", or lower the MTU here: ip link set dev DEVICE mtu {size}");
            }
        }

        return new CheckResult(
            Name, CheckStatus.Skipped,
            $"{address} answers no large handshake, whatever the size of its packets: so the size is not the reason; see tls");
    }

    /// <summary>
    /// Makes a handshake over the system's sockets that offers so many protocols that its first message has 4 KB. The secret is not sent.
    /// </summary>
    public static async Task<bool> SayAsync(DoctorContext context, IPEndPoint address, int? maxPacket, CancellationToken cancellationToken)
    {
        try
        {
            var (socket, _) = await PeerConnector.ConnectAsync(address, context.Proxy, maxPacket - LargestHeaders, cancellationToken);
            if (socket is null)
                return false;
            await using var connection = new TlsConnection(socket);
            var options = TlsCheck.Options(context, address, static _ => { });
            options.ApplicationProtocols!.AddRange(
                Enumerable.Range(0, 16).Select(static i => new SslApplicationProtocol($"{i:x}{new string('-', 249)}")));
            await connection.Stream.AuthenticateAsClientAsync(options, cancellationToken);
            return true;
        }
        catch (AuthenticationException)
        {
            // The certificate has arrived; whether it is right is for another check.
            return true;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return false;
        }
    }

    private async Task<bool> PassesAsync(DoctorContext context, IPEndPoint address, int? maxPacket, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await say(context, address, maxPacket, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
