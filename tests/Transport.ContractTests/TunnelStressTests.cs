using System.Collections.Immutable;
using System.Net.Sockets;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Mux;
using Tunnel.Shared.Transport.Mux.Lanes;
using Tunnel.Shared.Transport.Quic;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Transport.ContractTests;

/// <summary>The tests do not run beside others, because they look at the sockets of the process.</summary>
[CollectionDefinition(nameof(TunnelStress), DisableParallelization = true)]
public sealed class StressCollection;

/// <summary>Tests the mux over TLS.</summary>
public sealed class TunnelStressTests() : TunnelStress(new TlsPairFactory())
{
    protected override void Break(ITunnel tunnel, TunnelEnd end) => ((MuxTunnel)tunnel).Terminate(end);
}

/// <summary>Tests two lanes; the loss of the first one takes all.</summary>
public sealed class LaneStressTests() : TunnelStress(new TlsLanePairFactory(2))
{
    protected override void Break(ITunnel tunnel, TunnelEnd end) => ((LanedTunnel)tunnel).All[0].Mux.Terminate(end);
}

/// <summary>Tests QUIC.</summary>
public sealed class QuicStressTests() : TunnelStress(new QuicPairFactory())
{
    protected override void Break(ITunnel tunnel, TunnelEnd end) => ((QuicTunnel)tunnel).Connection.Abort();

    protected override async Task NothingIsLeftAsync() =>
        await Eventually.IsTrueAsync(
            () => QuicLibrary.LiveHandles == 0, "the end of all handles",
            explain: () => $"{QuicLibrary.LiveHandles} native handles are open");
}

/// <summary>
/// Runs random streams that send, stall, half-close and abort, on tunnels some of which are lost midway; afterwards nothing may be left of
/// them. TUNNEL_STRESS_SEEDS runs more seeds than usual.
/// </summary>
[Collection(nameof(TunnelStress))]
public abstract class TunnelStress(ITunnelPairFactory factory)
{
    private const int Streams = 60;
    private static readonly byte[] Pattern = MakePattern();

    // This names what a run that hangs waits for.
    private Func<string> _waitsFor = () => "the tunnel";

    private static int Seeds => int.TryParse(Environment.GetEnvironmentVariable("TUNNEL_STRESS_SEEDS"), out var seeds) ? seeds : 6;

    private static int FirstSeed => int.TryParse(Environment.GetEnvironmentVariable("TUNNEL_STRESS_FIRST"), out var first) ? first : 1;

    private enum Loss
    {
        None,
        HubCloses,
        EdgeCloses,
        ConnectionBreaks,
    }

    protected abstract void Break(ITunnel tunnel, TunnelEnd end);

    protected virtual Task NothingIsLeftAsync() => Task.CompletedTask;

    [Fact]
    public async Task Nothing_is_left_of_random_streams()
    {
        var before = Sockets;
        for (var seed = FirstSeed; seed < FirstSeed + Seeds; seed++)
        {
            try
            {
                await RunAsync(seed, (Loss)(seed % 4)).WaitAsync(SocketHelpers.Hang);
            }
            catch (Exception e) when (e is not Xunit.Sdk.SkipException)
            {
                throw new InvalidOperationException($"seed {seed}, waiting for {_waitsFor()}: {e.Message}", e);
            }

            // An accept that is cancelled at the wrong moment leaves its socket to the collector; one that a stream has forgotten waits for
            // bytes, and stays.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Eventually.IsTrueAsync(
                () => Sockets.Except(before).Count == 0, "the end of all sockets",
                explain: () => $"seed {seed}: left open {string.Join(", ", Sockets.Except(before).Select(Describe))}");
            await NothingIsLeftAsync();
        }
    }

    // The kernel's list has addresses and states.
    private static string Describe(string socket) =>
        File.ReadLines("/proc/self/net/tcp").FirstOrDefault(line => line.Contains($" {socket[8..^1]} ", StringComparison.Ordinal))
            ?? $"{socket} (no address)";

    // Sockets are known by their inodes, since numbers are used again.
    private static ImmutableHashSet<string> Sockets =>
        [
            .. Directory.GetFiles("/proc/self/fd").Select(static path => new FileInfo(path).LinkTarget ?? "").Where(
                static target => target.StartsWith("socket:", StringComparison.Ordinal))];

    private async Task RunAsync(int seed, Loss loss)
    {
        var random = new Random(seed);
        using var hub = new TestHub();
        var flow =
            random.Next(3) == 0 ? new FlowControlOptions { MemoryBudget = 2 << 20, SharedWindow = 2 << 20 } : new FlowControlOptions();
        await using var pair = await factory.CreateAsync(hub, new TestEdge(), flow);
        using var over = new CancellationTokenSource();
        var upstreams = ServeAsync(hub, new Random(random.Next()), over.Token);
        var clients = Enumerable.Range(0, Streams).Select(_ => ClientAsync(pair, new Random(random.Next()))).ToArray();
        string Open() => $"{pair.Edge.ActiveStreams} streams are open at the edge, {pair.Hub.ActiveStreams} at the hub";
        _waitsFor = () => $"{loss} ({Open()})";
        await LoseAsync(pair, loss, TimeSpan.FromMilliseconds(random.Next(1, 150)));
        _waitsFor = () => $"{clients.Count(client => !client.IsCompleted)} clients ({Open()})";
        await Task.WhenAll(clients);
        _waitsFor = () => $"streams ({Open()})";
        await pair.Edge.WaitForStreamsAsync(CancellationToken.None);
        await pair.Hub.WaitForStreamsAsync(CancellationToken.None);
        _waitsFor = () => "upstreams";
        await over.CancelAsync();
        await upstreams;
        _waitsFor = () => "the tunnel's end";

        if (loss == Loss.None)
            Assert.False(pair.Hub.Completion.IsCompleted || pair.Edge.Completion.IsCompleted);
        else
            await Task.WhenAll(pair.Hub.Completion, pair.Edge.Completion);
        Assert.Equal((0, 0), (pair.Edge.ActiveStreams, pair.Hub.ActiveStreams));
        foreach (var context in new[] { pair.HubContext, pair.EdgeContext })
        {
            await Eventually.IsTrueAsync(
                () => context.Flow is { Grown: 0, Budget.Used: 0 }, "the memory to come back",
                explain: () => $"grown {context.Flow.Grown}, used {context.Flow.Budget.Used}");
        }

        await pair.DisposeAsync();
        Assert.Equal((0, 0), (pair.HubContext.Flow.ActiveStreams, pair.EdgeContext.Flow.ActiveStreams));
    }

    private async Task LoseAsync(TunnelPair pair, Loss loss, TimeSpan after)
    {
        if (loss == Loss.None)
            return;
        await Task.Delay(after);
        var end = new TunnelEnd(TunnelEndKind.ConnectionLost, "stress");
        if (loss == Loss.HubCloses)
            await pair.Hub.CloseAsync(end);
        else if (loss == Loss.EdgeCloses)
            await pair.Edge.CloseAsync(end);
        else
            Break(pair.Edge, end);
    }

    private static async Task ServeAsync(TestHub hub, Random random, CancellationToken over)
    {
        var running = new List<Task>();
        try
        {
            while (true)
            {
                var socket = await hub.AcceptAsync(over);
                running.Add(BehaveAsync(socket, new Random(random.Next())));
            }
        }
        catch (OperationCanceledException)
        {
        }

        await Task.WhenAll(running);
    }

    private static async Task ClientAsync(TunnelPair pair, Random random)
    {
        for (var i = 0; i < 3; i++)
        {
            if (await TestEdge.TryConnectAsync(pair) is not { } open)
                return;
            var behaving = BehaveAsync(open.Client, random);
            if (random.Next(8) == 0)
            {
                await Task.Delay(random.Next(20));
                open.Stream.Reset(ResetReason.IdleTimeout);
            }

            await behaving;
        }
    }

    /// <summary>One end of a connection: sends some, reads some, and ends in one way or another.</summary>
    private static async Task BehaveAsync(Socket socket, Random random)
    {
        var patience = TimeSpan.FromMilliseconds(random.Next(5) == 0 ? random.Next(30) : 400);
        var sending = Task.Run(() => SendAsync(socket, new Random(random.Next())));
        var reading = Task.Run(() => ReadAsync(socket, new Random(random.Next())));
        await Task.WhenAny(Task.WhenAll(sending, reading), Task.Delay(patience));
        if (sending.IsCompleted && reading.IsCompleted && random.Next(2) == 0)
            socket.Dispose();
        else
            socket.Abort();
        await Task.WhenAll(sending, reading);
    }

    private static async Task SendAsync(Socket socket, Random random)
    {
        var total = random.Next(4) switch { 0 => 0, 1 => random.Next(100), 2 => random.Next(300_000), _ => random.Next(3_000_000) };
        try
        {
            for (var sent = 0; sent < total;)
            {
                var size = Math.Min(random.Next(1, 100_000), total - sent);
                sent += await socket.SendAsync(Pattern.AsMemory(sent, size), SocketFlags.None);
                if (random.Next(10) == 0)
                    await Task.Delay(random.Next(5));
            }

            if (random.Next(5) > 0)
                socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    // In any case, the bytes that come are the beginning of what was sent.
    private static async Task ReadAsync(Socket socket, Random random)
    {
        var enough = random.Next(5) == 0 ? random.Next(200_000) : int.MaxValue;
        var buffer = new byte[64 << 10];
        var position = 0;
        try
        {
            if (random.Next(3) == 0)
                await Task.Delay(random.Next(30));
            while (position < enough)
            {
                var count = await socket.ReceiveAsync(buffer, SocketFlags.None);
                if (count == 0)
                    return;
                Assert.True(
                    buffer.AsSpan(0, count).SequenceEqual(Pattern.AsSpan(position, count)), $"other bytes than sent after {position}");
                position += count;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    private static byte[] MakePattern()
    {
        var pattern = new byte[3_000_000];
        new Random(1).NextBytes(pattern);
        return pattern;
    }
}
