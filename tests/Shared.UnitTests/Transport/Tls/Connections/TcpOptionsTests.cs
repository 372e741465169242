using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.UnitTests.Transport.Tls.Connections;

/// <summary>The options work with the kernel: a connection over loopback, whose round trip is some microseconds.</summary>
public sealed class TcpOptionsTests : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _peer;
    private readonly TcpOptions _options;

    public TcpOptionsTests()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        _socket.Connect(listener.LocalEndPoint!);
        _peer = listener.Accept();
        _options = new TcpOptions(_socket);
    }

    public void Dispose()
    {
        _socket.Dispose();
        _peer.Dispose();
    }

    /// <summary>Without the limit the kernel widens the buffer to megabytes for a process that reads, however much waits.</summary>
    [Fact]
    public void What_a_near_peer_sends_waits_with_it_and_not_here()
    {
        _options.Prepare();
        _options.LimitReceiveBufferOfNearPeer();
        var buffer = _socket.ReceiveBufferSize;

        _peer.Blocking = false;
        var chunk = new byte[256 << 10];
        var most = 0;
        for (long received = 0; received < 256 << 20; received += _socket.Receive(chunk.AsSpan(0, 64 << 10)))
        {
            while (_peer.Poll(0, SelectMode.SelectWrite) && _peer.Send(chunk, SocketFlags.None, out _) > 0)
            {
            }

            most = Math.Max(most, _socket.Available);
        }

        Assert.InRange(most, 1, 1 << 20);
        Assert.Equal(buffer, _socket.ReceiveBufferSize);
    }

    [Fact]
    public void Times_and_bytes_are_told_and_not_after_the_end()
    {
        Assert.InRange(_options.RoundTrip!.Value.TotalMilliseconds, 0, 10_000);
        Assert.True(_options.ShortestRoundTrip <= _options.RoundTrip);
        Assert.Equal(0u, _options.UnsentBytes);

        _socket.Dispose();
        Assert.Null(_options.RoundTrip);
        Assert.Equal(0u, _options.UnsentBytes);
        _options.LimitReceiveBufferOfNearPeer();
        _options.FollowPath();
    }

    [Fact]
    public void A_congestion_control_is_set_and_one_that_does_not_exist_is_refused()
    {
        Assert.True(_options.TrySetCongestionControl("reno"u8));
        var name = new byte[16];
        Assert.Equal(16, _socket.GetRawSocketOption(6, 13, name));
        Assert.StartsWith("reno\0", System.Text.Encoding.ASCII.GetString(name));
        Assert.False(_options.TrySetCongestionControl("no_such"u8));

        // The failure is logged once, and the connection goes on.
        _options.Use(new CongestionControl("no_such", NullLoggerFactory.Instance));
        _socket.Send([1]);
    }

    [Theory]
    [InlineData("bbr", true)]
    [InlineData("system", true)]
    [InlineData("bbr2", true)]
    [InlineData("", false)]
    [InlineData("BBR", false)]
    [InlineData("bbr\n", false)]
    [InlineData("sixteen_letters_", false)]
    public void Names_are_the_kernels(string name, bool valid) => Assert.Equal(valid, CongestionControl.IsValid(name));
}
