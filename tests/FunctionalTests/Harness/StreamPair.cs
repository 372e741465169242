using System.Net.Sockets;
using System.Text;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>Both ends of one tunnelled connection, in the test's hands.</summary>
public sealed class StreamPair(Socket client, Socket server) : IDisposable
{
    public Socket Client => client;

    public Socket Server => server;

    /// <summary>Sends some bytes there and other bytes back.</summary>
    public async Task AssertEchoAsync()
    {
        await SendAndReceiveAsync("client to upstream", client, server);
        await SendAndReceiveAsync("upstream to client", server, client);
    }

    public void Dispose()
    {
        client.Dispose();
        server.Dispose();
    }

    private static async Task SendAndReceiveAsync(string direction, Socket from, Socket to)
    {
        // The payload is text, so that it would be found in a log that had payloads in it.
        var message = Encoding.ASCII.GetBytes(KnownSecrets.Add(Guid.NewGuid().ToString("N")));
        await from.SendAllAsync(message);
        try
        {
            Assert.Equal(message, await to.ReceiveExactlyAsync(message.Length));
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"Nothing came from {direction}.");
        }
    }
}
