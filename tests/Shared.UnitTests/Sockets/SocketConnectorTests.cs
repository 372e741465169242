using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.UnitTests.Sockets;

public sealed class SocketConnectorTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task Connects_and_the_socket_knows_both_ends(string address)
    {
        using var listener = Listen(IPAddress.Parse(address));
        var target = (IPEndPoint)listener.LocalEndPoint!;

        var (socket, error) = await SocketConnector.ConnectAsync(target, TestContext.Current.CancellationToken);
        using var own = socket;
        using var accepted = await listener.AcceptAsync(TestContext.Current.CancellationToken);

        Assert.Equal(SocketError.Success, error);
        Assert.Equal(target, socket!.RemoteEndPoint);
        Assert.Equal(accepted.RemoteEndPoint, socket.LocalEndPoint);
        Assert.True(socket.NoDelay);
        Assert.Equal(5, socket.Send("hello"u8));
    }

    [Fact]
    public async Task A_closed_port_is_a_result()
    {
        IPEndPoint target;
        using (var listener = Listen(IPAddress.Loopback))
            target = (IPEndPoint)listener.LocalEndPoint!;

        Assert.Equal(
            (null, SocketError.ConnectionRefused), await SocketConnector.ConnectAsync(target, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Can_be_given_up()
    {
        // A listener whose queue is full does not answer any more.
        using var listener = Listen(IPAddress.Loopback, backlog: 0);
        var target = (IPEndPoint)listener.LocalEndPoint!;
        using var giveUp = new CancellationTokenSource();
        var connecting = Enumerable.Range(0, 8).Select(_ => SocketConnector.ConnectAsync(target, giveUp.Token).AsTask()).ToArray();

        await giveUp.CancelAsync();

        var outcomes = await Task.WhenAll(connecting.Select(static async task =>
        {
            try
            {
                (await task).Socket!.Dispose();
                return true;
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }));
        Assert.Contains(false, outcomes);
    }

    private static Socket Listen(IPAddress address, int backlog = 16)
    {
        var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen(backlog);
        return listener;
    }
}
