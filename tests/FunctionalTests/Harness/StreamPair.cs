using System.Net.Sockets;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>Both ends of one tunnelled connection, in the test's hands.</summary>
public sealed class StreamPair(Socket client, Socket server) : IDisposable
{
    public Socket Client => client;

    public Socket Server => server;

    /// <summary>Some bytes there, other bytes back.</summary>
    public async Task AssertEchoAsync()
    {
        await SendAndReceiveAsync(client, server);
        await SendAndReceiveAsync(server, client);
    }

    public void Dispose()
    {
        client.Dispose();
        server.Dispose();
    }

    private static async Task SendAndReceiveAsync(Socket from, Socket to)
    {
        var message = Guid.NewGuid().ToByteArray();
        await from.SendAllAsync(message);
        Assert.Equal(message, await to.ReceiveExactlyAsync(message.Length));
    }
}
