using System.Net.Sockets;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Hub.Accepting;

/// <summary>
/// Sends a refusal so that the peer can read it (protocol.md section 2.4): the line, the TLS shutdown and FIN. Then what the peer still
/// sends is read and dropped for a while, since closing with unread bytes sends a RST, which may overtake the line.
/// </summary>
internal sealed class Refusal(TimeProvider time)
{
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(2);

    public async Task SendAsync(TlsConnection connection, ReadOnlyMemory<byte> line, CancellationToken cancellationToken)
    {
        await connection.Stream.WriteAsync(line, cancellationToken);
        await connection.SendCloseNotifyAsync(cancellationToken);
        connection.Socket.Shutdown(SocketShutdown.Send);
        using var limit = new CancellationTokenSource(DrainLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await DrainAsync(connection.Socket, either.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The peer had its answer and its time. Whether it read the answer is its own matter, and it was counted before.
        }
    }

    private static async Task DrainAsync(Socket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        while (await socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken) > 0)
        {
        }
    }
}
