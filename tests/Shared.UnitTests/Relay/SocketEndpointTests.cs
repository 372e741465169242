using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities.Processes;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Shared.UnitTests.Relay;

public sealed class SocketEndpointTests
{
    [Fact]
    public async Task What_a_peer_does_not_take_is_unsent_until_it_reads_or_is_gone()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        peer.Connect(listener.LocalEndPoint!);
        var endpoint = new SocketEndpoint(listener.Accept(), new TransportContext(new FlowControlOptions(), TimeProvider.System, NullLoggerFactory.Instance));
        Assert.Equal(0, endpoint.Unsent);

        var written = 0;
        var data = new byte[64 << 10];
        while (endpoint.TryWrite(data) is > 0 and var count) written += count;
        Assert.InRange(endpoint.Unsent, 1, written);

        while (written > 0) written -= peer.Receive(data);
        await Eventually.IsTrueAsync(() => Task.FromResult(endpoint.Unsent == 0), "everything to be sent");

        endpoint.Close();
        Assert.Equal(0, endpoint.Unsent);
    }
}
