using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Mux;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.UnitTests.Transport.Mux;

public sealed class StreamTableTests : IAsyncLifetime
{
    private readonly StreamTable _table = new();
    private Socket _peer = null!;
    private MuxTunnel _tunnel = null!;

    // Streams belong to a tunnel, and a tunnel to a connection; nothing is sent on this one.
    public async ValueTask InitializeAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        _peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var accepting = listener.AcceptAsync();
        await _peer.ConnectAsync(listener.LocalEndPoint!);
        var context = new Tunnel.Shared.Transport.TransportContext(new FlowControlOptions(), TimeProvider.System, NullLoggerFactory.Instance);
        _tunnel = new MuxTunnel(new TlsConnection(await accepting), "test", isEdge: false, context, null!, default);
    }

    public async ValueTask DisposeAsync()
    {
        await _tunnel.DisposeAsync();
        _peer.Dispose();
    }

    [Fact]
    public void An_open_stream_is_found_a_closed_one_is_late_and_one_never_opened_breaks_the_protocol()
    {
        var stream = Stream(3);
        _table.CheckNewStream(Frame(3));
        _table.Add(stream);
        Assert.Same(stream, _table.FindStream(Frame(3)));
        Assert.True(stream.IsKnown);

        // Never opened, but below: the counter of the edge is shared with sessions.
        Assert.Null(_table.FindStream(Frame(2)));
        Assert.Contains("never opened", Assert.Throws<FrameViolationException>(() => _table.FindStream(Frame(4))).Message);

        _table.Remove(stream);
        Assert.False(stream.IsKnown);
        Assert.Null(_table.FindStream(Frame(3)));
        Assert.Throws<FrameViolationException>(() => _table.FindStream(Frame(4)));
        Assert.Empty(_table.AllStreams);
    }

    [Fact]
    public void Sessions_are_apart_from_streams()
    {
        _table.Add(Stream(9));
        Assert.Throws<FrameViolationException>(() => _table.FindSession(Frame(5)));
        var session = Session(5);
        _table.CheckNewSession(Frame(5));
        _table.Add(session);
        Assert.Same(session, _table.FindSession(Frame(5)));
        Assert.Null(_table.FindStream(Frame(5)));
        Assert.Equal((1, 9u), (_table.Sessions, _table.HighestStream));
        _table.Remove(session);
        Assert.Null(_table.FindSession(Frame(5)));
        Assert.Throws<FrameViolationException>(() => _table.FindSession(Frame(6)));
        Assert.Throws<FrameViolationException>(() => _table.CheckNewSession(Frame(5)));
    }

    [Fact]
    public void An_id_is_opened_once()
    {
        _table.Add(Stream(3));
        Assert.Throws<FrameViolationException>(() => _table.CheckNewStream(Frame(3)));
        Assert.Throws<FrameViolationException>(() => _table.CheckNewStream(Frame(2)));
        _table.CheckNewStream(Frame(4));
        _table.CheckNewStream(Frame(uint.MaxValue));
    }

    [Fact]
    public void The_last_of_all_numbers_is_like_any_other()
    {
        _table.Add(Stream(uint.MaxValue));
        Assert.Null(_table.FindStream(Frame(4_294_966_999)));
        Assert.NotNull(_table.FindStream(Frame(uint.MaxValue)));
        Assert.Throws<FrameViolationException>(() => _table.CheckNewStream(Frame(uint.MaxValue)));
    }

    [Fact]
    public void A_stream_that_left_does_not_take_another_with_it()
    {
        var stream = Stream(1);
        _table.Add(stream);
        _table.Remove(stream);
        _table.Remove(stream);
        _table.Add(Stream(2));
        _table.Remove(stream);
        Assert.Single(_table.AllStreams);
    }

    private MuxStream Stream(uint id) => new(_tunnel, id, default, weOpen: false);

    private MuxSession Session(uint id) => new(_tunnel, id, default, weOpen: false);

    private static FrameHeader Frame(uint id) => new(id, FrameType.Data, 1);
}
