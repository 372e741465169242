using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.KernelMemory;
using Tunnel.TestUtilities;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Shared.UnitTests.Relay;

/// <summary>
/// A real socket that stalls while the kernel's memory for TCP, as the test tells it, runs out. It is the same over TLS and QUIC, at hub
/// and edge.
/// </summary>
public sealed class SocketEndpointMemoryTests : IDisposable
{
    private const int MemoryInfo = 55;
    private readonly ManualTimeProvider _time = new();
    private readonly TransportContext _context;
    private readonly FakeStream _stream = new();
    private readonly Socket _peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _local;
    private readonly SocketEndpoint _endpoint;
    private int _percent;

    public SocketEndpointMemoryTests()
    {
        _context = new TransportContext(new FlowControlOptions(), _time, NullLoggerFactory.Instance);
        _context.TcpMemory.Start(() => new TcpMemoryFigures(_percent, 0, 0, 100));
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        _peer.Connect(listener.LocalEndPoint!);
        _local = listener.Accept();
        _local.Blocking = false;
        _endpoint = new SocketEndpoint(_local, _context);
        _endpoint.Start(_stream);
    }

    public void Dispose()
    {
        _endpoint.Reset(flush: false);
        _peer.Dispose();
        _context.TcpMemory.Dispose();
    }

    [Fact]
    public void A_peer_that_does_not_read_loses_its_buffers_and_then_its_stream()
    {
        var writing = FillAsync();
        var before = BufferSizes();
        After(percent: 75, seconds: 2);
        Assert.True(BufferSizes() is var small && small.Receive < before.Receive && small.Send < before.Send, $"{before} {BufferSizes()}");
        Assert.Null(_stream.Reason);

        After(percent: 90, seconds: 4);
        Assert.Equal(ResetReason.Overloaded, _stream.Reason);
        Assert.False(writing.IsCompleted);
    }

    [Fact]
    public async Task One_that_reads_again_is_left_alone_and_all_of_it_arrives()
    {
        var writing = FillAsync();
        After(percent: 75, seconds: 2);
        var received = 0L;
        var buffer = new byte[256 << 10];
        var receiving = _peer.ReceiveAsync(buffer);
        while (await Task.WhenAny(receiving, writing).WaitAsync(TimeSpan.FromSeconds(30)) == receiving)
        {
            received += await receiving;
            receiving = _peer.ReceiveAsync(buffer);
        }

        After(percent: 99, seconds: 20);
        Assert.Null(_stream.Reason);

        _endpoint.ShutdownWrite();
        while (await receiving.WaitAsync(TimeSpan.FromSeconds(30)) is > 0 and var count)
        {
            received += count;
            receiving = _peer.ReceiveAsync(buffer);
        }

        Assert.Equal(await writing, received);
    }

    [Fact]
    public void An_upstream_whose_bytes_the_tunnel_does_not_take_stalls_as_well()
    {
        _peer.Send(new byte[32 << 10]);
        _endpoint.ParkRead();
        After(percent: 90, seconds: 4);
        Assert.Null(_stream.Reason);
        After(percent: 90, seconds: 2);
        Assert.Equal(ResetReason.Overloaded, _stream.Reason);
    }

    [Fact]
    public void One_that_waits_for_credit_with_nothing_to_send_holds_nothing()
    {
        _endpoint.ParkRead();
        After(percent: 99, seconds: 60);
        Assert.Null(_stream.Reason);
    }

    [Fact]
    public void One_that_is_over_is_forgotten()
    {
        _endpoint.ParkRead();
        _endpoint.Close();
        _endpoint.ParkRead();
        After(percent: 99, seconds: 60);
        Assert.Null(_stream.Reason);
    }

    private void After(int percent, int seconds)
    {
        _percent = percent;
        _time.Advance(TimeSpan.FromSeconds(seconds));
    }

    /// <summary>Writes until it waits; the result is what was written in all.</summary>
    private Task<long> FillAsync()
    {
        var block = new byte[64 << 10];
        var written = 0L;
        ValueTask<bool> writing;
        do
        {
            writing = _endpoint.WriteAsync(block);
            written += block.Length;
        }
        while (writing.IsCompletedSuccessfully);
        return EndAsync(writing, written);
    }

    private static async Task<long> EndAsync(ValueTask<bool> writing, long written) => await writing ? written : -1;

    // The kernel counts them like this (linux/sock_diag.h).
    private (uint Receive, uint Send) BufferSizes()
    {
        var info = new byte[9 * sizeof(uint)];
        _local.GetRawSocketOption(1, MemoryInfo, info);
        return (BitConverter.ToUInt32(info, sizeof(uint)), BitConverter.ToUInt32(info, 3 * sizeof(uint)));
    }

    private sealed class FakeStream : ITunnelStream
    {
        public ResetReason? Reason { get; private set; }

        public uint Id => 1;

        public IStreamObserver? Observer { get; set; }

        public long BytesSent => 0;

        public long BytesReceived => 0;

        public void Attach(ILocalEndpoint endpoint)
        {
        }

        public void NotifyReadable()
        {
        }

        public void NotifyLocalReset()
        {
        }

        public void Reset(ResetReason reason) => Reason = reason;
    }
}
