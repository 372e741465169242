using System.Net.Sockets;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>More clients than the edge has file descriptors for: it lives, those that are there go on, and it recovers.</summary>
[Collection(HeavyTests.Name)]
public sealed class DescriptorTests
{
    [Fact]
    public async Task At_the_limit_clients_are_refused_and_counted_and_streams_go_on()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var listener = setup.Listen(setup.Tcp[0], backlog: 4096);
        using var live = await setup.OpenAsync(listener, setup.Tcp[0]);
        await LimitAsync(setup, HighestDescriptor(setup) + 60);

        // Connects as fast as they go: a scan, and nobody says a word.
        var clients = new List<Socket>();
        for (var i = 0; i < 400; i++)
        {
            try
            {
                clients.Add(await setup.ConnectAsync(setup.Tcp[0]));
            }
            catch (SocketException)
            {
                // Refused already.
            }
        }

        await live.AssertEchoAsync();
        await Eventually.IsTrueAsync(
            async () => await setup.Edge.StatusAsync() is { } status && Refused(status) > 100, "refusals to be counted", explain: () => setup.Edge.Process.Log);
        await live.AssertEchoAsync();

        clients.ForEach(client => client.Reset());
        await Eventually.IsTrueAsync(async () => await IsServedAsync(setup), "new clients to be served again", explain: () => setup.Edge.Process.Log);
    }

    [Fact]
    public async Task Without_any_descriptor_left_nothing_ends_and_nothing_spins()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var listener = setup.Listen(setup.Tcp[0], backlog: 4096);
        using var live = await setup.OpenAsync(listener, setup.Tcp[0]);
        var highest = HighestDescriptor(setup);
        await LimitAsync(setup, highest + 1);

        var clients = new List<Socket>();
        for (var i = 0; i < 100; i++)
            clients.Add(await setup.ConnectAsync(setup.Tcp[0]));
        await setup.Edge.Process.WaitForLineAsync("Too many open files");
        for (var i = 0; i < 20; i++)
            await live.AssertEchoAsync();

        await LimitAsync(setup, highest + 1000);
        clients.ForEach(client => client.Reset());
        await Eventually.IsTrueAsync(async () => await IsServedAsync(setup), "new clients to be served again", explain: () => setup.Edge.Process.Log);
        await live.AssertEchoAsync();
        Assert.False(setup.Edge.Process.HasExited, setup.Edge.Process.Log);
    }

    [Fact]
    public async Task Twenty_thousand_connects_in_a_burst_starve_no_stream()
    {
        const int Connects = 20_000;
        await using var setup = await TunnelSetup.StartAsync(tcp: 2, policies: TunnelSetup.WithoutHeader);
        using var listener = setup.Listen(setup.Tcp[0]);
        using var live = await setup.OpenAsync(listener, setup.Tcp[0]);

        // Nothing listens behind the second port: each client costs the hub a connect that is refused.
        var left = Connects;
        var scan = Enumerable.Range(0, 4).Select(_ => Task.Run(() => Scan(setup, ref left))).ToArray();
        var echoes = 0;
        for (; !Task.WhenAll(scan).IsCompleted; echoes++)
            await live.AssertEchoAsync();
        await Task.WhenAll(scan);

        Assert.NotEqual(0, echoes);
        await setup.AssertCarriesAsync(listener, setup.Tcp[0]);
        Assert.False(setup.Edge.Process.HasExited || setup.Hub.Process.HasExited);
    }

    private static void Scan(TunnelSetup setup, ref int left)
    {
        while (Interlocked.Decrement(ref left) >= 0)
        {
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(true, 0) };
            try
            {
                client.Connect(setup.EdgeAddress, setup.Tcp[1]);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionRefused)
            {
                // It was reset before the call returned.
            }
        }
    }

    // A client that is refused is reset; one that is served is answered by the upstream's end.
    private static async Task<bool> IsServedAsync(TunnelSetup setup)
    {
        var before = (await setup.Edge.StatusAsync())?.GetProperty("activeStreams").GetInt32();
        try
        {
            using var client = await setup.ConnectAsync(setup.Tcp[0]);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            await client.ReceiveAsync(new byte[1], SocketFlags.None, limit.Token);
            return false;
        }
        catch (SocketException)
        {
            return false;
        }
        catch (OperationCanceledException)
        {
            return before is not null;
        }
    }

    private static long Refused(System.Text.Json.JsonElement status)
    {
        var refused = status.GetProperty("refused");
        return refused.TryGetProperty("descriptorLimit", out var count) ? count.GetInt64() : 0;
    }

    private static int HighestDescriptor(TunnelSetup setup) =>
        Directory.GetFileSystemEntries($"/proc/{setup.Edge.Process.Id}/fd")
            .Max(path => int.Parse(Path.GetFileName(path), System.Globalization.CultureInfo.InvariantCulture));

    // The soft limit alone: without root a hard one could not be raised again.
    private static async Task LimitAsync(TunnelSetup setup, int limit) =>
        (await ManagedProcess.RunAsync(DebianProgram.Prlimit, ["--pid", $"{setup.Edge.Process.Id}", $"--nofile={limit}:"])).Succeeded();
}
