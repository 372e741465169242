using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport.Tls.Connections;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Shared.UnitTests.Transport.Tls.Connections;

/// <summary>The stream reads as TLS asks for it: on and on while the records that it gets have no content.</summary>
public sealed class GatheringStreamTests : IAsyncLifetime
{
    private const int RecordSize = 27;
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    private Socket _peer = null!;
    private Socket _accepted = null!;
    private LoopSocket _socket = null!;
    private GatheringStream _stream = null!;

    public async ValueTask InitializeAsync()
    {
        // The test before may have ended on the loop's thread, and this one would begin there, where it must not block.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        _peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _peer.Connect(listener.LocalEndPoint!);
        _accepted = listener.Accept();
        _socket = new LoopSocket(_accepted);
        _stream = new GatheringStream(_socket);
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _peer.Dispose();
    }

    [Fact]
    public async Task Who_gets_records_without_content_lets_others_have_their_turn_between_two_reads()
    {
        await SendRecordsAsync(40);
        var buffer = new byte[10 * RecordSize];
        _stream.BeginRead();
        Assert.True(_stream.ReadAsync(buffer).IsCompletedSuccessfully);

        // While the loop is at something else, what is there stays there.
        // The gate is not disposed of: the loop may come to it late, and a loop's exception ends the process.
        var begun = new ManualResetEventSlim();
        var other = new ManualResetEventSlim();
        _socket.Loop.Post(() =>
        {
            begun.Set();
            other.Wait(Hang);
        });
        Assert.True(begun.Wait(Hang, TestContext.Current.CancellationToken));
        var reading = _stream.ReadAsync(buffer);
        Assert.False(reading.IsCompleted);
        other.Set();

        Assert.Equal(buffer.Length, await reading.AsTask().WaitAsync(Hang, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Who_gets_content_reads_on_at_once()
    {
        await SendRecordsAsync(200);
        var buffer = new byte[10 * RecordSize];
        for (var i = 0; i < 20; i++)
        {
            _stream.BeginRead();
            var reading = _stream.ReadAsync(buffer);
            Assert.True(reading.IsCompletedSuccessfully);
            Assert.Equal(buffer.Length, await reading);
        }

        Assert.Equal(200, _stream.TakeRecords());
        Assert.Equal(0, _stream.TakeRecords());
    }

    [Fact]
    public async Task A_peer_that_sends_nothing_else_is_given_up()
    {
        await SendRecordsAsync(200);
        var buffer = new byte[10 * RecordSize];
        _stream.BeginRead();

        await Assert.ThrowsAsync<RecordFloodException>(async () =>
        {
            for (var i = 0; i < 20; i++)
                _ = await _stream.ReadAsync(buffer).AsTask().WaitAsync(Hang);
        });
        Assert.InRange(_stream.TakeRecords(), 64, 80);
    }

    [Fact]
    public async Task Many_small_records_are_taken_a_few_at_a_time()
    {
        await SendRecordsAsync(1000);
        var buffer = new byte[16 << 10];
        _stream.BeginRead();
        Assert.Equal(buffer.Length, await _stream.ReadAsync(buffer));
        _stream.BeginRead();

        Assert.Equal(2 << 10, await _stream.ReadAsync(buffer));
    }

    [Fact]
    public async Task A_read_that_never_waits_can_be_given_up_all_the_same()
    {
        await SendRecordsAsync(40);
        using var given = new CancellationTokenSource();
        _stream.BeginRead();
        Assert.Equal(RecordSize, await _stream.ReadAsync(new byte[RecordSize], given.Token));
        await given.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _stream.ReadAsync(new byte[RecordSize], given.Token).AsTask());
    }

    private async Task SendRecordsAsync(int count)
    {
        byte[] record = [23, 3, 3, 0, RecordSize - 5, .. new byte[RecordSize - 5]];
        _peer.Send(Enumerable.Repeat(record, count).SelectMany(static bytes => bytes).ToArray());

        // Waits until all of it is there, which on the loopback is at once or a little later.
        await Eventually.IsTrueAsync(
            () => _accepted.Available >= count * RecordSize, "the records", explain: () => $"{_accepted.Available} bytes are there");
    }
}
