using System.Net;
using System.Net.Sockets;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Sockets;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Tcp;

/// <summary>Ports that are left to the next process.</summary>
public sealed class LeftPortsTests
{
    [Fact]
    public async Task Clients_that_come_between_two_processes_are_served_by_the_next_one()
    {
        var keeper = new Duplicates();
        using var before = new ListenerFixture { Sockets = new SocketStore([], keeper) };
        var listener = before.ListenTcp(IPAddress.Loopback);
        var port = listener.LocalPort;

        await listener.LeaveAsync();
        Assert.Throws<ObjectDisposedException>(() => listener.LocalPort);
        using var client = await ListenerFixture.ConnectAsync(IPAddress.Loopback, port);
        using var left = keeper.Take();
        // With linger on, the sockets of clients would inherit it, and be reset where they are to be closed.
        Assert.False(left.LingerState!.Enabled);
        using var next = new ListenerFixture { Sockets = new SocketStore([left], null) };
        var tunnel = new FakeTunnel();
        next.Tunnels.Current = tunnel;
        Assert.Equal(port, next.ListenTcp(IPAddress.Loopback, port).LocalPort);

        Assert.Equal(client.LocalEndPoint, (await tunnel.NextStreamAsync()).Opening.Source);
    }

    [Fact]
    public async Task A_port_that_is_closed_is_no_longer_kept()
    {
        var keeper = new Duplicates();
        using var fixture = new ListenerFixture { Sockets = new SocketStore([], keeper) };
        var listener = fixture.ListenTcp(IPAddress.Parse("127.0.0.78"));
        var port = listener.LocalPort;

        listener.Close(TimeSpan.Zero);

        Assert.Equal([$"tcp-{port}"], keeper.Forgotten);
        keeper.Take().Dispose();

        // A program that another test is just starting holds a copy of the socket until it runs.
        await Eventually.IsTrueAsync(() => IsRefused(port), "the refusal");
    }

    private static bool IsRefused(int port)
    {
        try
        {
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(IPAddress.Parse("127.0.0.78"), port);
            return false;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode == SocketError.ConnectionRefused;
        }
    }

    /// <summary>Holds sockets as another process would: by descriptors of its own.</summary>
    private sealed class Duplicates : ISocketKeeper
    {
        private Socket? _kept;

        public List<string> Forgotten { get; } = [];

        public void Keep(string name, Socket socket) => _kept = SocketCopy.Of(socket);

        public void Forget(string name) => Forgotten.Add(name);

        public Socket Take() => _kept!;
    }
}
