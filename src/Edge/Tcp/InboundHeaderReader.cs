using System.Buffers;
using System.Net.Sockets;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Edge.Tcp;

/// <summary>
/// Takes the PROXY header off a connection and not a byte more. It first peeks at the data (MSG_PEEK), so that what follows the header
/// stays in the kernel for the stream.
/// </summary>
internal static class InboundHeaderReader
{
    /// <summary>The limit for the header. A balancer sends it at once, so a connection without one by then is given up.</summary>
    public static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(5);

    /// <summary>Reads the header.</summary>
    /// <param name="socket">The socket, which must be non-blocking.</param>
    /// <param name="time">The clock for the time limit.</param>
    /// <returns>The header, or why there is none.</returns>
    public static async ValueTask<(ProxyHeader Header, RefusalReason? Refusal)> ReadAsync(Socket socket, TimeProvider time)
    {
        using var limit = new CancellationTokenSource(TimeLimit, time);
        var buffer = ArrayPool<byte>.Shared.Rent(InboundProxyHeader.MaxLength);
        try
        {
            var length = 0;
            ProxyHeader header;
            while (!TryTake(socket, buffer.AsSpan(0, InboundProxyHeader.MaxLength), ref length, out header, out var refusal))
            {
                if (refusal is not null)
                    return (default, refusal);
                await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, limit.Token);
            }

            return (header, null);
        }
        catch (OperationCanceledException)
        {
            return (default, RefusalReason.ProxyHeaderTimeout);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return (default, RefusalReason.ProxyHeaderInvalid);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static bool TryTake(Socket socket, Span<byte> buffer, ref int length, out ProxyHeader header, out RefusalReason? refusal)
    {
        (header, refusal) = (default, null);
        var peeked = socket.Receive(buffer[length..], SocketFlags.Peek, out var error);
        if (error == SocketError.WouldBlock)
            return false;

        var status = ProxyParseStatus.Invalid;
        var consumed = 0;
        // A connection that ends within the header is as wrong as a header with a wrong byte.
        if (error == SocketError.Success && peeked > 0)
            status = InboundProxyHeader.TryParse(buffer[..(length + peeked)], out header, out consumed);
        if (status == ProxyParseStatus.Incomplete && length + peeked == buffer.Length)
            status = ProxyParseStatus.Invalid;
        if (status == ProxyParseStatus.Invalid)
        {
            refusal = RefusalReason.ProxyHeaderInvalid;
            return false;
        }

        // All bytes of an incomplete header belong to it and must be taken, because otherwise the next wait would end at once.
        var taken = status == ProxyParseStatus.Complete ? consumed - length : peeked;
        socket.Receive(buffer.Slice(length, taken), SocketFlags.None, out _);
        length += taken;
        return status == ProxyParseStatus.Complete;
    }
}
