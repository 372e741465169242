using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tunnel.Demo.Upstream;

/// <summary>
/// An HTTP server as small as can be: a PROXY v1 line, a request of which it reads the head only, one answer, the end.
/// </summary>
internal sealed class HelloServer : IDisposable
{
    // No client of a demonstration has a longer head.
    private const int MaxHeadBytes = 16 * 1024;

    private readonly TcpListener _listener;

    public HelloServer(IPEndPoint endPoint)
    {
        _listener = new TcpListener(endPoint);
        _listener.Start();
    }

    public async Task RunAsync()
    {
        while (true)
        {
            _ = AnswerAsync(await _listener.AcceptTcpClientAsync());
        }
    }

    public void Dispose() => _listener.Dispose();

    private static async Task AnswerAsync(TcpClient connection)
    {
        using var _ = connection;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            var head = await ReadHeadAsync(connection.GetStream(), limit.Token);
            var body = Describe(head.Split("\r\n")[0], connection.Client);
            var answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "
                + $"{Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}";
            await connection.GetStream().WriteAsync(Encoding.UTF8.GetBytes(answer), limit.Token);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // The client has left, or has taken too long.
        }
    }

    private static async Task<string> ReadHeadAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxHeadBytes];
        for (var length = 0; length < buffer.Length;)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            length += read;
            var head = Encoding.ASCII.GetString(buffer, 0, length);
            if (read == 0 || head.Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                return head;
            }
        }

        throw new IOException("The request's head is too long.");
    }

    // The line is: PROXY TCP4 client edge clientPort edgePort.
    private static string Describe(string firstLine, Socket socket) =>
        firstLine.Split(' ') is ["PROXY", "TCP4" or "TCP6", var client, var edge, var clientPort, var edgePort]
            ? $"Hello {client}, port {clientPort}! You came in at {edge}, port {edgePort}; this connection is from the hub at "
                + $"{socket.RemoteEndPoint} to {socket.LocalEndPoint}.\n"
            : $"Hello! There was no PROXY header, so all that is known is that the connection is from {socket.RemoteEndPoint} to "
                + $"{socket.LocalEndPoint}.\n";
}
