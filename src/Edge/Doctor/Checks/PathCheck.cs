using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Tunnel.Shared.Checks;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>Says something large to the hub and waits for its answer; false when there is none.</summary>
/// <param name="context">Whose certificate is expected.</param>
/// <param name="address">The hub's tunnel port.</param>
/// <param name="maxPacket">Bytes that a packet may have either way; null: what this machine takes for right.</param>
/// <param name="cancellationToken">Gives up.</param>
internal delegate Task<bool> LargeHello(DoctorContext context, IPEndPoint address, int? maxPacket, CancellationToken cancellationToken);

/// <summary>
/// The path to the hub takes packets of the size that this machine sends. Where a firewall throws large ones away, and the messages that
/// would say so, a handshake passes, since it is small, and then nothing does. So this makes a handshake whose first message takes several
/// full packets; the hub can answer only what has come whole.
/// </summary>
internal sealed class PathCheck(LargeHello say, TimeProvider time) : ICheck
{
    /// <summary>For one handshake: several retransmissions.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(6);

    // What every path of IPv6 takes, and every host: those that the edge itself tries.
    private static readonly int[] Smaller = [1_280, 596];

    // IPv6 and TCP.
    private const int LargestHeaders = 60;

    private const int TcpLevel = 6;
    private const int MaxSegmentOption = 2;

    public string Name => "path";

    public async Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        if (context.Reached is not { } address)
            return new CheckResult(Name, CheckStatus.Skipped, "no TCP connection");
        if (await PassesAsync(context, address, null, cancellationToken))
            return new CheckResult(Name, CheckStatus.Ok, $"packets of full size come through to {address}");
        foreach (var size in Smaller)
            if (await PassesAsync(context, address, size, cancellationToken))
                return new CheckResult(
                    Name, CheckStatus.Warning,
                    $"packets of full size to {address} are lost without a word, those of {size} bytes come through",
                    "the edge finds that out and goes on with small packets, after some seconds in which nothing passes. Better: let "
                        + "firewalls and tunnels on the way send "
                    + $"ICMP \"fragmentation needed\" and \"packet too big\", or lower the MTU here: ip link set dev DEVICE mtu {size}");
        return new CheckResult(
            Name, CheckStatus.Skipped,
            $"{address} answers no large handshake, whatever the size of its packets: it is not the size then; see tls");
    }

    /// <summary>
    /// A handshake over the system's sockets, which offers so many protocols that its first message has 4 KB. The secret is not said.
    /// </summary>
    public static async Task<bool> SayAsync(DoctorContext context, IPEndPoint address, int? maxPacket, CancellationToken cancellationToken)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (maxPacket - LargestHeaders is { } segment)
                socket.SetRawSocketOption(TcpLevel, MaxSegmentOption, BitConverter.GetBytes(segment));
            await socket.ConnectAsync(address, cancellationToken);
            await using var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
            var options = TlsCheck.Options(context, address, static _ => { });
            options.ApplicationProtocols!.AddRange(
                Enumerable.Range(0, 16).Select(static i => new SslApplicationProtocol($"{i:x}{new string('-', 249)}")));
            await tls.AuthenticateAsClientAsync(options, cancellationToken);
            return true;
        }
        catch (AuthenticationException)
        {
            // Its certificate has come, whatever is wrong with it: that is another check's.
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
