using Tunnel.Shared.Transport;

namespace Tunnel.Transport.ContractTests;

/// <summary>Both ends of one tunnel, started.</summary>
public sealed record TunnelPair(ITunnel Hub, ITunnel Edge, TransportContext HubContext, TransportContext EdgeContext) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        await Edge.DisposeAsync();
        await Hub.DisposeAsync();
    }
}
