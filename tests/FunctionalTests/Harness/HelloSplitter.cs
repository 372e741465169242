using System.Net;
using System.Net.Sockets;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>Passes TLS connections on, with their ClientHello sent in one piece, in two segments or in two records.</summary>
public sealed class HelloSplitter : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _to;
    private readonly Func<int, Task> _arrivedAsync;

    /// <param name="to">Where connections lead.</param>
    /// <param name="arrivedAsync">Waits until so many bytes of a connection have arrived.</param>
    public HelloSplitter(IPEndPoint to, Func<int, Task> arrivedAsync)
    {
        (_to, _arrivedAsync) = (to, arrivedAsync);
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The form in which the next ClientHellos are sent.</summary>
    public bool InRecords { get; set; }

    public bool InSegments { get; set; }

    /// <summary>The last ClientHello that has come.</summary>
    public byte[] Hello { get; private set; } = [];

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = PassAsync(await _listener.AcceptSocketAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task PassAsync(Socket accepted)
    {
        using var client = accepted;
        using var server = new Socket(_to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await server.ConnectAsync(_to);
            var header = await client.ReceiveExactlyAsync(5);
            byte[] hello = [.. header, .. await client.ReceiveExactlyAsync((header[3] << 8) | header[4])];
            Hello = hello;
            if (InRecords)
                hello = ClientHellos.InRecords(ClientHellos.MessageOf(hello), hello.Length / 2);
            var first = InSegments ? hello.Length / 2 : hello.Length;
            await server.SendAllAsync(hello.AsMemory(0, first));
            if (first < hello.Length)
            {
                await _arrivedAsync(first);
                await server.SendAllAsync(hello.AsMemory(first));
            }

            await Task.WhenAll(CopyAsync(client, server), CopyAsync(server, client));
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // A browser opens connections that it does not use.
        }
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 << 10];
        while (await from.ReceiveAsync(buffer) is > 0 and var count)
            await to.SendAllAsync(buffer.AsMemory(0, count));
        to.Shutdown(SocketShutdown.Send);
    }
}
