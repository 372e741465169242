using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Sockets;
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
    public async Task What_waits_when_it_leaves_is_for_the_process_that_has_the_same_socket()
    {
        using var store = new SocketStore([], null);
        using var before = TunnelListener.Bind("127.0.0.1", 0, store, PlentyOfDescriptors.Guard, TimeProvider.System, NullLogger.Instance);
        var at = before.LocalEndPoint;
        _ = before.RunAsync(socket => socket.Dispose());
        var same = SocketCopy.Of(store.Kept[0]);
        using var left = new SocketStore([same], null);

        await before.LeaveAsync();
        using var client = await ConnectAsync(at.Address, at.Port);
        // Edges' connections would inherit it, and be reset where they are to be closed.
        Assert.False(same.LingerState!.Enabled);
        using var next = TunnelListener.Bind(
            "127.0.0.1", at.Port, left, PlentyOfDescriptors.Guard, TimeProvider.System, NullLogger.Instance);
        var accepted = new TaskCompletionSource<Socket>();
        _ = next.RunAsync(socket => accepted.TrySetResult(socket));

        using var served = await accepted.Task.WaitAsync(Patience.Limit);
        Assert.Equal(client.LocalEndPoint, served.RemoteEndPoint);
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

    private static TunnelListener Bind(string address, int port) =>
        TunnelListener.Bind(address, port, SocketStore.None, PlentyOfDescriptors.Guard, TimeProvider.System, NullLogger.Instance);

    private static async Task<Socket> ConnectAsync(IPAddress address, int port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address, port);
        return socket;
    }
}
