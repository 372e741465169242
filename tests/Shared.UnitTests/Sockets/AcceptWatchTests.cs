using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Sockets;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Sockets;

public sealed class AcceptWatchTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly AcceptWatch _watch;

    public AcceptWatchTests()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _watch = new AcceptWatch(_listener, _time);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public void Nobody_waits_and_nobody_is_accepted()
    {
        Assert.True(_watch.IsTurning());
        _time.Advance(10 * AcceptWatch.Limit);
        Assert.True(_watch.IsTurning());
    }

    [Fact]
    public void Who_waits_for_too_long_has_found_a_loop_that_hangs()
    {
        using var client = Connect();
        Assert.True(_watch.IsTurning());
        _time.Advance(AcceptWatch.Limit);
        Assert.False(_watch.IsTurning());

        _listener.Accept().Dispose();
        Assert.True(_watch.IsTurning());
    }

    [Fact]
    public void A_loop_that_tries_turns_though_it_gets_no_descriptor()
    {
        using var client = Connect();
        for (var i = 0; i < 5; i++)
        {
            Assert.True(_watch.IsTurning());
            _watch.Turn();
            _time.Advance(AcceptWatch.Limit);
        }
    }

    [Fact]
    public void A_look_long_after_the_last_one_is_the_first_that_finds_somebody()
    {
        Assert.True(_watch.IsTurning());
        _time.Advance(10 * AcceptWatch.Limit);
        using var client = Connect();
        Assert.True(_watch.IsTurning());
    }

    [Fact]
    public void A_closed_port_is_no_fault()
    {
        using var client = Connect();
        _listener.Dispose();
        Assert.True(_watch.IsTurning());
        _time.Advance(AcceptWatch.Limit);
        Assert.True(_watch.IsTurning());
    }

    // The kernel accepts the connection, which waits in the queue from then on.
    private Socket Connect()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(_listener.LocalEndPoint!);
        return client;
    }
}
