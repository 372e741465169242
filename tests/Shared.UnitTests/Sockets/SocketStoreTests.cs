using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.UnitTests.Sockets;

public sealed class SocketStoreTests
{
    private readonly Keeper _keeper = new();

    [Fact]
    public void The_socket_of_the_process_before_is_taken_once_and_only_for_its_own_port_and_protocol()
    {
        using var left = Listen();
        var at = (IPEndPoint)left.LocalEndPoint!;
        using var store = new SocketStore([left], _keeper);

        Assert.Null(store.Take(SocketType.Dgram, at));
        Assert.Null(store.Take(SocketType.Stream, new IPEndPoint(at.Address, at.Port == 1 ? 2 : at.Port - 1)));
        Assert.Same(left, store.Take(SocketType.Stream, at));
        Assert.Null(store.Take(SocketType.Stream, at));
        Assert.Empty(_keeper.Forgotten);
    }

    [Fact]
    public void One_that_was_left_at_another_address_makes_room_for_the_port()
    {
        using var left = Listen();
        var at = (IPEndPoint)left.LocalEndPoint!;
        using var store = new SocketStore([left], _keeper);

        Assert.Null(store.Take(SocketType.Stream, new IPEndPoint(IPAddress.Any, at.Port)));

        Assert.Equal([$"tcp-{at.Port}"], _keeper.Forgotten);
        using var next = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        next.Bind(new IPEndPoint(IPAddress.Any, at.Port));
    }

    [Fact]
    public void One_that_was_left_at_an_address_beside_which_the_port_can_be_bound_stays()
    {
        using var left = Listen();
        var at = (IPEndPoint)left.LocalEndPoint!;
        using var store = new SocketStore([left], _keeper);

        Assert.Null(store.Take(SocketType.Stream, new IPEndPoint(IPAddress.Parse("127.0.0.79"), at.Port)));

        Assert.Same(left, store.Take(SocketType.Stream, at));
    }

    [Fact]
    public void The_next_process_is_to_have_what_listens_until_it_is_forgotten_or_closed()
    {
        using var left = Listen();
        using var store = new SocketStore([left], null);

        var taken = store.Listen((IPEndPoint)left.LocalEndPoint!, 1);
        using var another = store.Listen(new IPEndPoint(IPAddress.Loopback, 0), 1);
        using var third = store.Listen(new IPEndPoint(IPAddress.Loopback, 0), 1);

        Assert.Same(left, taken);
        Assert.Equal([taken, another, third], store.Kept);
        store.Forget(another);
        third.Dispose();
        Assert.Equal([taken], store.Kept);
    }

    [Fact]
    public void What_nobody_takes_is_closed_and_no_longer_kept()
    {
        using var left = Listen();
        var name = $"tcp-{((IPEndPoint)left.LocalEndPoint!).Port}";
        using var store = new SocketStore([left], _keeper);

        store.CloseLeft();

        Assert.True(left.SafeHandle.IsClosed);
        Assert.Equal([name], _keeper.Forgotten);
    }

    [Fact]
    public void Sockets_are_kept_by_name_until_they_are_forgotten()
    {
        using var socket = Listen();
        var name = $"tcp-{((IPEndPoint)socket.LocalEndPoint!).Port}";
        using var store = new SocketStore([], _keeper);

        store.Keep(socket);
        Assert.Equal([name], _keeper.Kept);
        store.Forget(socket);
        Assert.Equal([name], _keeper.Forgotten);
        socket.Dispose();
        store.Forget(socket);
        Assert.Single(_keeper.Forgotten);
    }

    [Theory]
    [InlineData("7", "2", 2)]
    [InlineData("8", "2", 0)]
    [InlineData(null, "2", 0)]
    [InlineData("7", null, 0)]
    [InlineData("7", "-1", 0)]
    [InlineData("7", "65537", 0)]
    [InlineData("7", "9999999999", 0)]
    [InlineData(" 7", "2", 0)]
    public void Descriptors_are_those_that_the_manager_passed_to_this_process(string? process, string? count, int expected) =>
        Assert.Equal(
            expected,
            InheritedSockets.Count(name => name == "LISTEN_PID" ? process : name == "LISTEN_FDS" ? count : null, processId: 7));

    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }

    private sealed class Keeper : ISocketKeeper
    {
        public List<string> Kept { get; } = [];

        public List<string> Forgotten { get; } = [];

        public void Keep(string name, Socket socket) => Kept.Add(name);

        public void Forget(string name) => Forgotten.Add(name);
    }
}
