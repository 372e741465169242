using System.Collections.Concurrent;
using System.Net.Sockets;
using Tunnel.Shared.Transport;

namespace Tunnel.Transport.ContractTests;

/// <summary>Both ends of one tunnel, started.</summary>
public sealed record TunnelPair(ITunnel Hub, ITunnel Edge, TransportContext HubContext, TransportContext EdgeContext) : IAsyncDisposable
{
    // A socket that nobody refers to any more may be collected, and closed by that, in the middle of a test.
    private readonly ConcurrentBag<Socket> _clients = [];

    /// <summary>Keeps a client's socket until the end of the test.</summary>
    public void Hold(Socket client) => _clients.Add(client);

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            client.Dispose();
        await Edge.DisposeAsync();
        await Hub.DisposeAsync();
    }
}
