using System.IO.Pipelines;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Shared.UnitTests.Relay;

public sealed class PipeEndpointTests
{
    private readonly PipeEndpoint _endpoint = new();
    private readonly Stream _stream = new();

    public PipeEndpointTests() => _endpoint.Start(_stream);

    private PipeReader Input => _endpoint.Application.Input;

    private PipeWriter Output => _endpoint.Application.Output;

    [Fact]
    public async Task What_the_client_sends_is_read_and_its_end()
    {
        Assert.Equal(5, _endpoint.TryWrite("hello"u8));
        _endpoint.ShutdownWrite();
        var read = await Input.ReadAtLeastAsync(6);
        Assert.Equal((5L, true), (read.Buffer.Length, read.IsCompleted));
    }

    [Fact]
    public async Task A_reader_that_is_slow_slows_the_client()
    {
        var taken = 0;
        while (_endpoint.TryWrite(new byte[10_000]) is > 0 and var count)
            taken += count;
        Assert.InRange(taken, PipeEndpoint.MaxHeld, PipeEndpoint.MaxHeld + 10_000);
        var writing = _endpoint.WriteAsync(new byte[10]);
        Assert.False(writing.IsCompleted);
        var read = await Input.ReadAsync();
        Input.AdvanceTo(read.Buffer.End);
        Assert.True(await writing);
    }

    [Fact]
    public async Task What_is_sent_wakes_the_tunnel_once()
    {
        Assert.False(_endpoint.ArmRead());
        await Output.WriteAsync("abc"u8.ToArray());
        await Eventually.IsTrueAsync(() => _stream.Readable == 1, "the tunnel is told");
        Assert.True(_endpoint.ArmRead());
        var buffer = new byte[2];
        Assert.Equal((LocalReadStatus.Data, 2), (_endpoint.TryRead(buffer, out var count), count));
        Assert.Equal((LocalReadStatus.Data, 1), (_endpoint.TryRead(buffer, out count), count));
        Assert.Equal(LocalReadStatus.WouldBlock, _endpoint.TryRead(buffer, out _));
        await Output.CompleteAsync();
        Assert.True(_endpoint.ArmRead());
        Assert.Equal(LocalReadStatus.EndOfFile, _endpoint.TryRead(buffer, out _));
    }

    [Fact]
    public async Task A_reset_ends_both_sides()
    {
        Assert.False(_endpoint.ArmRead());
        _endpoint.Reset(flush: false);
        await Assert.ThrowsAsync<IOException>(async () => await Input.ReadAsync());
        await Eventually.IsTrueAsync(() => _endpoint.Closed.IsCancellationRequested, "the code is told");
        Assert.True((await Output.WriteAsync(new byte[100_000])).IsCompleted);
        Assert.Equal(-1, _endpoint.TryWrite("x"u8));
    }

    [Fact]
    public void Code_that_gives_up_resets()
    {
        _endpoint.Abort();
        Assert.Equal(1, _stream.Resets);
        Assert.Equal(LocalReadStatus.Reset, _endpoint.TryRead(new byte[1], out _));
    }

    internal sealed class Stream : ITunnelStream
    {
        public int Readable { get; private set; }

        public int Resets { get; private set; }

        public uint Id => 1;

        public IStreamObserver? Observer { get; set; }

        public long BytesSent => 0;

        public long BytesReceived => 0;

        public void Attach(ILocalEndpoint endpoint) => endpoint.Start(this);

        public void NotifyReadable() => Readable++;

        public void NotifyLocalReset() => Resets++;

        public void Reset(ResetReason reason) => Resets++;
    }
}
