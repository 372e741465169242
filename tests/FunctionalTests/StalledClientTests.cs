using System.Net.Sockets;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Clients and upstreams that do not read cost little, and cost others nothing.</summary>
[Collection(HeavyTests.Name)]
public sealed class StalledClientTests
{
    private const int Many = 3000;

    // What docs/operations/sizing.md states: the flow control's memory budget, the program with the .NET runtime's code, and what each
    // stalled connection takes beside the bytes that wait.
    private const long Budget = 200 << 20;
    private const long Program = 110 << 20;
    private const long Each = 16 << 10;

    // What waits must wait in the services, not in the kernel: 3,000 streams with its usual buffers are more than its limit for all of TCP
    // (tcp_mem).
    private const int KernelBuffer = 4096;

    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);

    [Fact]
    public async Task A_client_that_stops_reading_does_not_slow_another_stream()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var stalled = await setup.OpenAsync(upstream, setup.Tcp[0]);
        const long most = 256 << 20;
        var taken = await stalled.Server.FillAsync(most, Quiet);
        Assert.True(taken < most, "The tunnel took everything for a client that reads nothing.");

        // All of it arrives while the other stream does not move a byte.
        await MoveAsync(setup, upstream, 128 << 20);
        Assert.Equal(0, await stalled.Server.FillAsync(1, Quiet));

        stalled.Server.Shutdown(SocketShutdown.Send);
        var (arrived, end) = await stalled.Client.DrainAsync();
        Assert.Equal(StreamEnd.Finished, end);

        // A part of the chunk that was given up may have been taken.
        Assert.InRange(arrived, taken, taken + SocketExtensions.FillChunk);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Three_thousand_stalled_transfers_stay_within_the_memory_budget_while_others_go_on(bool uploads)
    {
        await using var setup = await TunnelSetup.StartAsync(tcp: 2, policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0], backlog: Many, KernelBuffer);
        using var other = setup.Listen(setup.Tcp[1]);
        var pairs = new List<StreamPair>();
        var peak = new Dictionary<string, long>();
        try
        {
            for (var index = 0; index < Many; index++)
            {
                pairs.Add(await setup.OpenAsync(upstream, setup.Tcp[0], KernelBuffer));
            }

            // A mebibyte for each would be ten times the budget.
            await Parallel.ForEachAsync(pairs, new ParallelOptions { MaxDegreeOfParallelism = 200 }, async (pair, _) =>
            {
                try
                {
                    await (uploads ? pair.Client : pair.Server).FillAsync(1 << 20, Quiet);
                }
                catch (SocketException)
                {
                    // Over the budget the streams that hold most are reset (protocol.md section 4).
                }

                Note(setup, peak);
            });
            await MoveAsync(setup, other, 32 << 20, setup.Tcp[1]);
            Note(setup, peak);
        }
        finally
        {
            pairs.ForEach(pair => pair.Dispose());
        }

        Assert.All(
            peak,
            process => Assert.True(process.Value <= Budget + Program + (Many * Each), $"{process.Key} took {process.Value >> 20} MiB."));
        await Eventually.IsTrueAsync(
            async () =>
                await setup.Hub.ConnectedEdgeAsync(TunnelSetup.EdgeId) is { } edge && edge.GetProperty("activeStreams").GetInt32() == 0,
            "the streams to end");
    }

    private static async Task MoveAsync(TunnelSetup setup, TcpListener upstream, int bytes, int? port = null)
    {
        foreach (var up in new[] { true, false })
        {
            using var pair = await setup.OpenAsync(upstream, port ?? setup.Tcp[0]);
            var (from, to) = up ? (pair.Client, pair.Server) : (pair.Server, pair.Client);
            var receiving = to.DrainAsync();
            await from.SendAllAsync(new byte[bytes]);
            from.Shutdown(SocketShutdown.Send);
            Assert.Equal((bytes, StreamEnd.Finished), await receiving);
        }
    }

    private static void Note(TunnelSetup setup, Dictionary<string, long> peak)
    {
        lock (peak)
        {
            foreach (var process in new[] { setup.Hub.Process, setup.Edge.Process })
            {
                peak[process.Name] = Math.Max(peak.GetValueOrDefault(process.Name), ProcessFigures.ResidentBytes(process.Id));
            }
        }
    }
}
