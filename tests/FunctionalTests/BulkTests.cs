using System.Net.Sockets;
using System.Security.Cryptography;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Much data arrives as it was sent, and leaves nothing behind.</summary>
[Collection(HeavyTests.Name)]
public sealed class BulkTests
{
    private const long Gibibyte = 1 << 30;

    // Rounds are compared with each other: the collector keeps what the first one needed at its peak, but a leak would grow with every
    // gibibyte.
    private const long MemorySlack = 64 << 20;

    [Fact]
    public async Task A_gibibyte_up_and_down_in_one_stream_and_in_64_leaves_no_memory_and_no_descriptors_behind()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0]);
        await TransferAllAsync(setup, upstream);
        var processes = new[] { setup.Hub.Process, setup.Edge.Process };
        await WaitUntilIdleAsync(setup);
        var before = processes.Select(
            process => (Memory: ProcessFigures.ResidentBytes(process.Id), Descriptors: ProcessFigures.Descriptors(process.Id))).ToArray();

        await TransferAllAsync(setup, upstream);

        await WaitUntilIdleAsync(setup);
        foreach (var (process, (memory, descriptors)) in processes.Zip(before))
        {
            string Figures() => $"{process.Name}: {memory >> 20} -> {ProcessFigures.ResidentBytes(process.Id) >> 20} MiB, {descriptors} "
                + $"-> {ProcessFigures.Descriptors(process.Id)} descriptors";
            await Eventually.IsTrueAsync(
                () => ProcessFigures.Descriptors(process.Id) <= descriptors, "descriptors to be closed", explain: Figures);
            await Eventually.IsTrueAsync(
                () => ProcessFigures.ResidentBytes(process.Id) <= memory + MemorySlack, "memory to be as before", explain: Figures);
        }
    }

    private static async Task TransferAllAsync(TunnelSetup setup, TcpListener upstream)
    {
        foreach (var streams in new[] { 1, 64 })
        {
            await TransferAsync(setup, upstream, streams, Gibibyte, up: true);
            await TransferAsync(setup, upstream, streams, Gibibyte, up: false);
        }
    }

    private static async Task TransferAsync(TunnelSetup setup, TcpListener upstream, int streams, long bytes, bool up)
    {
        var transfers = new List<Task>();
        for (var index = 0; index < streams; index++)
        {
            var pair = await setup.OpenAsync(upstream, setup.Tcp[0]);
            transfers.Add(Task.Run(async () =>
            {
                using (pair)
                {
                    await CompareAsync(up ? pair.Client : pair.Server, up ? pair.Server : pair.Client, bytes / streams);
                }
            }));
        }

        await Task.WhenAll(transfers);
    }

    private static async Task CompareAsync(Socket from, Socket to, long bytes)
    {
        using var received = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var receiving = to.DrainAsync(part => received.AppendData(part.Span));
        var sent = await SendHashedAsync(from, bytes);
        var (count, end) = await receiving;

        Assert.Equal((bytes, StreamEnd.Finished), (count, end));
        Assert.Equal(sent, received.GetHashAndReset());
    }

    // The block is random, with its number in front so that no two parts of the stream are alike.
    private static async Task<byte[]> SendHashedAsync(Socket socket, long bytes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = RandomNumberGenerator.GetBytes(256 * 1024);
        for (long sent = 0; sent < bytes; sent += block.Length)
        {
            BitConverter.TryWriteBytes(block, sent);
            hash.AppendData(block);
            await socket.SendAllAsync(block);
        }

        socket.Shutdown(SocketShutdown.Send);
        return hash.GetHashAndReset();
    }

    private static Task WaitUntilIdleAsync(TunnelSetup setup) => Eventually.IsTrueAsync(
        async () => await setup.Hub.ConnectedEdgeAsync(TunnelSetup.EdgeId) is { } edge && edge.GetProperty("activeStreams").GetInt32() == 0,
        "all streams to end");
}
