using System.Buffers.Binary;
using System.Net.Sockets;

namespace Tunnel.Bench.Load.Soak;

/// <summary>Does what clients of one edge do, each again and again until the end; every byte is checked.</summary>
internal sealed class Conversations(SoakEdge edge, int tcpPort, int udpPort, Tally tally, Gate gate)
{
    private const long Bulk = 16 << 20;
    private const long Long = 1 << 30;

    // The rate is low enough for a transfer to last through a hundred cuts.
    private const int LongRate = 8 << 20;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongLimit = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static long _seed;

    /// <summary>Runs all kinds at once.</summary>
    public Task RunAsync(CancellationToken end) => Task.WhenAll(
        RepeatAsync("upload", UploadAsync, end),
        RepeatAsync("download", DownloadAsync, end),
        RepeatAsync("echo", EchoAsync, end, LongLimit),
        RepeatAsync("echo", EchoAsync, end, LongLimit),
        RepeatAsync("short", ShortAsync, end),
        RepeatAsync("short", ShortAsync, end),
        RepeatAsync("reset by client", ResetAsync, end),
        RepeatAsync("reset by upstream", BeResetAsync, end),
        RepeatAsync("datagrams", DatagramsAsync, end),
        RepeatAsync("datagrams", DatagramsAsync, end));

    /// <summary>Carries a gibibyte each way, in one stream each, through a hundred cuts, again and again until the end.</summary>
    public Task RunLongAsync(CancellationToken end) => Task.WhenAll(
        RepeatAsync("upload of 1 GiB", UploadLongAsync, end, LongLimit),
        RepeatAsync("download of 1 GiB", DownloadLongAsync, end, LongLimit));

    private async Task RepeatAsync(string kind, Func<Pattern, Task<long>> talk, CancellationToken end, TimeSpan? limit = null)
    {
        while (!end.IsCancellationRequested)
        {
            await gate.EnterAsync();
            var began = DateTime.UtcNow;
            try
            {
                var pattern = new Pattern(Interlocked.Increment(ref _seed) * 7_919);
                tally.AddDone(kind, await talk(pattern).WaitAsync(limit ?? Limit, CancellationToken.None));
            }
            catch (Exception e) when (e is SocketException or EndOfStreamException or TimeoutException or ObjectDisposedException)
            {
                tally.AddLost(kind, edge.Id, e.Message, began);
            }
            finally
            {
                gate.Leave();
            }

            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    private async Task<Socket> OpenAsync(Head head)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(edge.Address, tcpPort);
            await Wire.SendAllAsync(socket, head.ToBytes());
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private Task<long> UploadAsync(Pattern pattern) => UploadAsync(pattern, Bulk, rate: null);

    private Task<long> UploadLongAsync(Pattern pattern) => UploadAsync(pattern, Long, LongRate);

    private Task<long> DownloadAsync(Pattern pattern) => DownloadAsync(pattern, Bulk, rate: null);

    private Task<long> DownloadLongAsync(Pattern pattern) => DownloadAsync(pattern, Long, LongRate);

    private async Task<long> UploadAsync(Pattern pattern, long length, int? rate)
    {
        using var socket = await OpenAsync(new Head(Wish.Upload, pattern, 0, edge.Number));
        await Wire.SendAsync(socket, pattern, length, rate);
        socket.Shutdown(SocketShutdown.Send);
        var answer = new byte[sizeof(long)];
        if (!await Wire.ReceiveAllAsync(socket, answer))
            throw new EndOfStreamException("ended before the answer");
        if (BinaryPrimitives.ReadInt64BigEndian(answer) != length)
            tally.AddWrongBytes();
        return length;
    }

    private async Task<long> DownloadAsync(Pattern pattern, long length, int? rate)
    {
        using var socket = await OpenAsync(new Head(Wish.Download, pattern, length, edge.Number));
        Require(await Wire.CheckAsync(socket, pattern, long.MaxValue, rate), length);
        return length;
    }

    // The pace is that of somebody who types for ten seconds; where the tunnel is cut every second it takes far longer, and each answer has
    // its own limit.
    private async Task<long> EchoAsync(Pattern pattern)
    {
        using var socket = await OpenAsync(new Head(Wish.Echo, pattern, 0, edge.Number));
        var done = 0L;
        for (var round = 0; round < 400; round++)
        {
            var length = 1 + ((round * 37) % 1400);
            await Wire.SendAllAsync(socket, pattern.From(done, length));
            if (!Require(await CheckAsync(socket, pattern, done, length).WaitAsync(Limit), length))
                return done;
            done += length;
            await Task.Delay(25);
        }

        socket.Shutdown(SocketShutdown.Send);
        if (await socket.ReceiveAsync(new byte[1]) != 0)
            tally.AddWrongBytes();
        return done;
    }

    private async Task<long> ShortAsync(Pattern pattern)
    {
        const int length = 200;
        using var socket = await OpenAsync(new Head(Wish.Download, pattern, length, edge.Number));
        Require(await Wire.CheckAsync(socket, pattern, long.MaxValue), length);
        return length;
    }

    private async Task<long> ResetAsync(Pattern pattern)
    {
        using var socket = await OpenAsync(new Head(Wish.ClientResets, pattern, 0, edge.Number));
        if (await socket.ReceiveAsync(new byte[1]) == 0)
            throw new EndOfStreamException("ended before the answer");
        socket.LingerState = new LingerOption(true, 0);
        return 1;
    }

    private async Task<long> BeResetAsync(Pattern pattern)
    {
        const int length = 100_000;
        using var socket = await OpenAsync(new Head(Wish.UpstreamResets, pattern, length, edge.Number));
        if (!Require(await Wire.CheckAsync(socket, pattern, length), length))
            return length;
        await Wire.SendAllAsync(socket, new byte[1]);
        try
        {
            if (await socket.ReceiveAsync(new byte[1]) == 0)
                tally.AddWrongEnd("the upstream reset, and its client saw an end in order", edge.Id);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // The client itself has asked for this reset.
        }

        return length;
    }

    // A flow lasts a few seconds, so that sessions come and go. UDP may lose datagrams; those that come must be right.
    private async Task<long> DatagramsAsync(Pattern pattern)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(edge.Address, udpPort);
        var (bytes, answer) = (0L, new byte[2048]);
        for (var round = 0; round < 100; round++)
        {
            var length = 20 + ((round * 131) % 1180);
            await socket.SendAsync(pattern.From(round, length));
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            try
            {
                var count = await socket.ReceiveAsync(answer, patience.Token);
                if (!pattern.Matches(round, answer.AsSpan(0, count)))
                    tally.AddWrongBytes();
                bytes += count;
            }
            catch (OperationCanceledException)
            {
                // The tunnel was away, or a queue was full. A late answer would not match the next question, so that another flow is made.
                tally.AddLostDatagram(edge.Id);
                return bytes;
            }

            await Task.Delay(20);
        }

        return bytes;
    }

    private static async Task<long> CheckAsync(Socket socket, Pattern pattern, long offset, int length)
    {
        var bytes = new byte[length];
        if (!await Wire.ReceiveAllAsync(socket, bytes))
            throw new EndOfStreamException("ended before the answer");
        return pattern.Matches(offset, bytes) ? length : -1;
    }

    // Too few bytes are an early end; a wrong byte must never come.
    private bool Require(long right, long expected)
    {
        if (right == expected)
            return true;
        if (right >= 0 && right < expected)
            throw new EndOfStreamException($"ended after {right:N0} of {expected:N0} bytes");
        tally.AddWrongBytes();
        return false;
    }
}
