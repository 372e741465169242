using System.Threading.Channels;
using Tunnel.Hub.Accepting;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Hub.UnitTests.Fakes;

/// <summary>Makes fake tunnels of authenticated connections.</summary>
internal sealed class FakeTunnelFactory : ITunnelFactory
{
    private readonly Channel<Made> _made = Channel.CreateUnbounded<Made>();

    public HubInfo Describe(string tunnelId) => new() { TunnelId = tunnelId, Rev = 1 };

    public ITunnel Create(TlsConnection connection, string edgeId, ReadOnlyMemory<byte> received, IHubTunnelHandler handler)
    {
        var tunnel = new FakeTunnel();
        _made.Writer.TryWrite(new Made(tunnel, edgeId, received.ToArray()));
        return tunnel;
    }

    public Task<Made> NextAsync() => _made.Reader.ReadAsync().AsTask().WaitAsync(Patience.Limit);

    internal sealed record Made(FakeTunnel Tunnel, string EdgeId, byte[] Received);
}
