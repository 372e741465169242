using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Accepting;

public sealed class TunnelListenerTests
{
    [Fact]
    public async Task The_any_address_takes_both_families_until_it_is_disposed()
    {
        using var listener = Bind("::", 0);
        var accepted = new List<Socket>();
        var second = new TaskCompletionSource();
        var running = listener.RunAsync(socket =>
        {
            accepted.Add(socket);
            if (accepted.Count == 2)
                second.SetResult();
        });

        using var client4 = await ConnectAsync(IPAddress.Loopback, listener.LocalEndPoint.Port);
        using var client6 = await ConnectAsync(IPAddress.IPv6Loopback, listener.LocalEndPoint.Port);
        await second.Task.WaitAsync(Patience.Limit);
        listener.Dispose();
        await running.WaitAsync(Patience.Limit);
        accepted.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public void A_taken_port_is_named()
    {
        using var first = Bind("127.0.0.1", 0);
        var error = Assert.Throws<OperatorException>(() => Bind("127.0.0.1", first.LocalEndPoint.Port));

        Assert.Contains($"tunnelPort {first.LocalEndPoint.Port}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_of_another_machine_is_named() =>
        Assert.Contains("192.0.2.1", Assert.Throws<OperatorException>(() => Bind("192.0.2.1", 0)).Message, StringComparison.Ordinal);

    private static TunnelListener Bind(string address, int port) => TunnelListener.Bind(address, port, PlentyOfDescriptors.Guard, TimeProvider.System, NullLogger.Instance);

    private static async Task<Socket> ConnectAsync(IPAddress address, int port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address, port);
        return socket;
    }
}
