using System.Text;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Transport;

namespace Tunnel.Shared.UnitTests.Relay;

public sealed class HeldEndpointTests
{
    private readonly HeldEndpoint _endpoint = new(limit: 8);
    private readonly PipeEndpointTests.Stream _stream = new();
    private readonly Inner _inner = new();

    public HeldEndpointTests() => _endpoint.Start(_stream);

    [Fact]
    public async Task What_is_held_comes_first_and_what_did_not_fit_behind_it()
    {
        Assert.Equal(3, _endpoint.TryWrite("abc"u8));
        await _endpoint.WaitAsync(2, TestContext.Current.CancellationToken);
        var waiting = _endpoint.WaitAsync(3, TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        Assert.Equal(5, _endpoint.TryWrite("defghij"u8));
        await waiting;
        Assert.Equal("abcdefgh"u8, _endpoint.Held.Span);
        Assert.Equal(0, _endpoint.TryWrite("ij"u8));
        var writing = _endpoint.WriteAsync("ij"u8.ToArray());
        Assert.False(writing.IsCompleted);

        await _endpoint.JoinAsync(_inner);
        Assert.True(await writing);
        Assert.Equal(1, _endpoint.TryWrite("k"u8));
        Assert.Equal("abcdefghijk", _inner.Log);
    }

    [Theory]
    [InlineData(false, "ab|fin")]
    [InlineData(true, "ab|reset")]
    public async Task The_end_follows_what_is_held(bool reset, string expected)
    {
        _endpoint.TryWrite("ab"u8);
        if (reset)
            _endpoint.Reset(flush: true);
        else
            _endpoint.ShutdownWrite();
        await _endpoint.WaitAsync(2, TestContext.Current.CancellationToken);
        Assert.True(_endpoint.HasEnded);
        await _endpoint.JoinAsync(_inner);
        Assert.Equal(expected, _inner.Log);
    }

    [Fact]
    public async Task A_tunnel_that_waits_to_read_is_woken_when_there_is_somebody()
    {
        Assert.False(_endpoint.ArmRead());
        Assert.Equal(LocalReadStatus.WouldBlock, _endpoint.TryRead(new byte[1], out _));
        await _endpoint.JoinAsync(_inner);
        Assert.Equal(1, _stream.Readable);
        Assert.Equal(LocalReadStatus.EndOfFile, _endpoint.TryRead(new byte[1], out _));
    }

    [Fact]
    public async Task A_reset_lets_nobody_wait()
    {
        _endpoint.TryWrite("12345678"u8);
        var writing = _endpoint.WriteAsync("9"u8.ToArray());
        _endpoint.Reset(flush: false);
        Assert.False(await writing);
        Assert.Equal(-1, _endpoint.TryWrite("x"u8));
    }

    private sealed class Inner : ILocalEndpoint
    {
        public string Log { get; private set; } = "";

        public void Start(ITunnelStream stream)
        {
        }

        public LocalReadStatus TryRead(Span<byte> buffer, out int count)
        {
            count = 0;
            return LocalReadStatus.EndOfFile;
        }

        public bool ArmRead() => true;

        public void ParkRead() => Log += "|park";

        public int TryWrite(ReadOnlySpan<byte> data)
        {
            Log += Encoding.ASCII.GetString(data);
            return data.Length;
        }

        public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data)
        {
            TryWrite(data.Span);
            return ValueTask.FromResult(true);
        }

        public void ShutdownWrite() => Log += "|fin";

        public void Close() => Log += "|close";

        public void Reset(bool flush) => Log += "|reset";
    }
}
