using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Tunnel.Shared.Guarding;

namespace Tunnel.Edge.PublicAddress;

/// <summary>Asks a STUN server from which address we come.</summary>
internal sealed class StunClient(TimeProvider time)
{
    /// <summary>Makes one transaction, which takes at most 39.5 s.</summary>
    /// <exception cref="OperationCanceledException">The transaction was cancelled.</exception>
    public async Task<StunOutcome> AskAsync(IPEndPoint server, CancellationToken cancellationToken)
    {
        var transactionId = RandomNumberGenerator.GetBytes(StunMessage.TransactionIdLength);
        var request = new byte[StunMessage.HeaderLength];
        StunMessage.WriteRequest(request, transactionId);
        try
        {
            // The socket is connected, so that the kernel takes datagrams only from the server's address and port, and reports ICMP errors.
            using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(server);
            var answer = ReceiveAsync(socket, transactionId, cancellationToken);
            foreach (var wait in StunSchedule.Waits)
            {
                await socket.SendAsync(request, cancellationToken);
                if (await answer.EndsWithinAsync(wait, time, cancellationToken))
                    return Judge(await answer);
            }

            return StunOutcome.Failed("no answer");
        }
        catch (SocketException e)
        {
            return StunOutcome.Failed(e.SocketErrorCode == SocketError.ConnectionRefused ? "nobody listens there" : e.Message);
        }
    }

    /// <summary>Returns the first datagram that answers the request.</summary>
    private static async Task<StunAnswer> ReceiveAsync(Socket socket, byte[] transactionId, CancellationToken cancellationToken)
    {
        // The buffer has one byte more than is read, so that a datagram that is too long is noticed.
        var buffer = new byte[StunMessage.MaxLength + 1];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, cancellationToken);
            var answer = StunMessage.Read(buffer.AsSpan(0, length), transactionId);
            if (answer.Kind != StunAnswerKind.None)
                return answer;
            // A flood of garbage must not occupy the socket engine's thread.
            await Task.Yield();
        }
    }

    private static StunOutcome Judge(StunAnswer answer)
    {
        if (answer.Address is not { } seen)
            return StunOutcome.Failed(answer.ErrorCode > 0 ? $"refused with code {answer.ErrorCode}" : "an answer that can't be used");
        var address = seen.Address.IsIPv4MappedToIPv6 ? seen.Address.MapToIPv4() : seen.Address;
        return IsHostAddress(address) ? StunOutcome.Found(address) : StunOutcome.Failed($"{address} is not the address of a host");
    }

    private static bool IsHostAddress(IPAddress address) =>
        !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) && !address.Equals(IPAddress.Broadcast)
        && !address.IsIPv6Multicast
            && !(address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes()[0] is >= 224 and <= 239);
}

/// <summary>Either an address, or the reason why there is none, in words for the operator.</summary>
internal readonly record struct StunOutcome(IPAddress? Address, string? Error)
{
    public static StunOutcome Found(IPAddress address) => new(address, null);

    public static StunOutcome Failed(string error) => new(null, error);
}
