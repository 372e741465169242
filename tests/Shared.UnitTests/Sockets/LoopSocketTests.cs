using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.UnitTests.Sockets;

public sealed class LoopSocketTests : IAsyncLifetime
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    private readonly Owner _owner = new();
    private Socket _peer = null!;
    private LoopSocket _socket = null!;

    public async ValueTask InitializeAsync()
    {
        var (accepted, peer) = await PairAsync();
        _peer = peer;
        _socket = new LoopSocket(accepted, _owner);
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _peer.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task The_owner_is_told_of_bytes_once_it_waits_for_them()
    {
        Assert.Equal(NativeSocket.WouldBlock, _socket.Receive(new byte[16]));
        Assert.False(_socket.AwaitReadable());

        _peer.Send("hello"u8);
        await _owner.ReadableAsync();

        var buffer = new byte[16];
        Assert.Equal(5, _socket.Receive(buffer));
        Assert.Equal("hello"u8, buffer.AsSpan(0, 5));
        Assert.True(_socket.IsDrained);
    }

    [Fact]
    public async Task Bytes_that_were_there_before_the_first_wait_are_told_of()
    {
        _peer.Send("early"u8);
        if (!_socket.AwaitReadable())
            await _owner.ReadableAsync();

        Assert.Equal(5, _socket.Receive(new byte[16]));
    }

    [Fact]
    public async Task What_a_small_buffer_left_is_not_taken_for_drained()
    {
        await DrainOnceAsync();
        _peer.Send("0123456789"u8);
        if (!_socket.AwaitReadable())
            await _owner.ReadableAsync();

        Assert.Equal(4, _socket.Receive(new byte[4]));
        Assert.False(_socket.IsDrained);
        Assert.Equal(6, _socket.Receive(new byte[16]));
        Assert.True(_socket.IsDrained);
    }

    // No further event comes for bytes that were there before.
    [Fact]
    public async Task A_wait_behind_a_buffer_that_was_filled_finds_what_it_left()
    {
        await DrainOnceAsync();
        _peer.Send("0123456789"u8);
        if (!_socket.AwaitReadable())
            await _owner.ReadableAsync();

        Assert.Equal(4, _socket.Receive(new byte[4]));
        Assert.True(_socket.AwaitReadable());
        Assert.Equal(6, _socket.Receive(new byte[16]));
        Assert.False(_socket.AwaitReadable());
    }

    // The kernel tells of both with one event: after the bytes there is no further one for the end.
    [Fact]
    public async Task An_end_behind_bytes_is_found_without_an_event_of_its_own()
    {
        await DrainOnceAsync();
        _peer.Send("last"u8);
        _peer.Shutdown(SocketShutdown.Send);
        await WaitForEndAsync();

        Assert.Equal(0, _socket.Receive(new byte[16]));
        Assert.True(_socket.AwaitReadable());
    }

    [Fact]
    public async Task Urgent_bytes_do_not_hide_what_comes_behind_them()
    {
        await DrainOnceAsync();
        _peer.Send("before"u8);
        _peer.Send("!"u8, SocketFlags.OutOfBand);
        _peer.Send("behind"u8);

        var text = "";
        var buffer = new byte[64];
        while (!text.EndsWith("behind", StringComparison.Ordinal))
        {
            var count = _socket.Receive(buffer);
            if (count > 0)
                text += System.Text.Encoding.ASCII.GetString(buffer, 0, count);
            else if (!_socket.AwaitReadable())
                await _owner.ReadableAsync();
        }

        Assert.Equal("beforebehind", text);
    }

    [Fact]
    public async Task A_reset_is_told_though_nobody_reads()
    {
        _socket.WatchErrors();
        _peer.LingerState = new LingerOption(true, 0);
        _peer.Dispose();

        await _owner.ErrorAsync();
        Assert.Equal(NativeSocket.Failed, _socket.Receive(new byte[1]));
    }

    [Fact]
    public async Task Sending_waits_for_room_and_loses_nothing()
    {
        var data = new byte[8 << 20];
        Random.Shared.NextBytes(data);
        var sending = _socket.SendAllAsync(data);
        Assert.False(sending.IsCompleted);

        var received = new MemoryStream();
        var buffer = new byte[64 << 10];
        while (received.Length < data.Length)
            received.Write(buffer, 0, await _peer.ReceiveAsync(buffer, TestContext.Current.CancellationToken));

        Assert.True(await sending.AsTask().WaitAsync(Hang, TestContext.Current.CancellationToken));
        Assert.Equal(data, received.ToArray());
    }

    [Fact]
    public async Task Closing_ends_a_send_that_waits()
    {
        var sending = _socket.SendAllAsync(new byte[8 << 20]).AsTask();

        _socket.Dispose();

        Assert.False(await sending.WaitAsync(Hang, TestContext.Current.CancellationToken));
        Assert.Equal(NativeSocket.Failed, _socket.Send("late"u8));
    }

    [Fact]
    public async Task Many_sockets_that_come_and_go_are_not_mixed_up()
    {
        var rounds = Enumerable.Range(0, 200).Select(async number =>
        {
            var (accepted, peer) = await PairAsync();
            using var own = peer;
            using var socket = new LoopSocket(accepted);
            var buffer = new byte[8];
            for (var i = 0; i < 10; i++)
            {
                var waiting = socket.WaitReadableAsync(TestContext.Current.CancellationToken);
                peer.Send(BitConverter.GetBytes((number * 1000L) + i));
                await waiting.AsTask().WaitAsync(Hang);
                int count;
                while ((count = socket.Receive(buffer)) == NativeSocket.WouldBlock)
                    await socket.WaitReadableAsync(TestContext.Current.CancellationToken);
                Assert.Equal(8, count);
                Assert.Equal((number * 1000L) + i, BitConverter.ToInt64(buffer));
            }
        });

        await Task.WhenAll(rounds);
    }

    private async Task DrainOnceAsync()
    {
        _peer.Send("."u8);
        if (!_socket.AwaitReadable())
            await _owner.ReadableAsync();
        Assert.Equal(1, _socket.Receive(new byte[16]));
    }

    private async Task WaitForEndAsync()
    {
        var buffer = new byte[16];
        if (!_socket.AwaitReadable())
            await _owner.ReadableAsync();
        while (_socket.Receive(buffer) == NativeSocket.WouldBlock)
        {
            if (!_socket.AwaitReadable())
                await _owner.ReadableAsync();
        }

        // The segment with the end may be one of its own, and then so is its event.
        if (!_socket.AwaitReadable())
            await _owner.ReadableAsync();
    }

    private static async Task<(Socket Accepted, Socket Peer)> PairAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await peer.ConnectAsync(listener.LocalEndPoint!);
        return (await listener.AcceptAsync(), peer);
    }

    private sealed class Owner : ISocketOwner
    {
        private readonly SemaphoreSlim _readable = new(0);
        private readonly SemaphoreSlim _error = new(0);

        public async Task ReadableAsync() => Assert.True(await _readable.WaitAsync(Hang));

        public async Task ErrorAsync() => Assert.True(await _error.WaitAsync(Hang));

        public void OnReadable() => _readable.Release();

        public void OnError() => _error.Release();
    }
}
