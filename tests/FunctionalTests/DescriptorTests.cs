using System.Net.Sockets;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>
/// When more clients come than edge or hub have file descriptors for, both live, open connections go on, and they recover.
/// </summary>
[Collection(HeavyTests.Name)]
public sealed class DescriptorTests
{
    [Fact]
    public async Task At_the_limit_clients_are_refused_and_counted_and_streams_go_on()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var listener = setup.Listen(setup.Tcp[0], backlog: 4096);
        using var live = await setup.OpenAsync(listener, setup.Tcp[0]);
        await LimitAsync(setup.Edge.Process, HighestDescriptor(setup) + 200);

        // This is a scan: it connects as fast as it can and sends nothing.
        var clients = new List<Socket>();
        for (var i = 0; i < 400; i++)
        {
            try
            {
                clients.Add(await setup.ConnectAsync(setup.Tcp[0]));
            }
            catch (SocketException)
            {
                // The connection was refused already.
            }
        }

        await live.AssertEchoAsync();
        await Eventually.IsTrueAsync(
            async () => await setup.Edge.StatusAsync() is { } status && Refused(status) > 100, "refusals to be counted",
            explain: () => setup.Edge.Process.Log);
        await live.AssertEchoAsync();

        clients.ForEach(client => client.Reset());
        await Eventually.IsTrueAsync(
            async () => await IsServedAsync(setup), "new clients to be served again", explain: () => setup.Edge.Process.Log);
    }

    [Fact]
    public async Task Without_any_descriptor_left_nothing_ends_and_nothing_spins()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var listener = setup.Listen(setup.Tcp[0], backlog: 4096);
        using var live = await setup.OpenAsync(listener, setup.Tcp[0]);
        await setup.AssertCarriesAsync(listener, setup.Tcp[0]);

        // The limit is below what is open: the kernel gives out no descriptor at all, whatever is closed.
        await LimitAsync(setup.Edge.Process, 40);
        var clients = new List<Socket>();
        for (var i = 0; i < 100; i++)
            clients.Add(await setup.ConnectAsync(setup.Tcp[0]));
        await setup.Edge.Process.WaitForLineAsync("Too many open files");
        for (var i = 0; i < 20; i++)
            await live.AssertEchoAsync();

        await LimitAsync(setup.Edge.Process, HighestDescriptor(setup) + 1000);
        clients.ForEach(client => client.Reset());
        await Eventually.IsTrueAsync(
            async () => await IsServedAsync(setup), "new clients to be served again", explain: () => setup.Edge.Process.Log);
        await live.AssertEchoAsync();
        Assert.False(setup.Edge.Process.HasExited, setup.Edge.Process.Log);
    }

    [Fact]
    public async Task At_the_hubs_limit_upstreams_are_refused_and_all_else_is_served()
    {
        await using var setup = await TunnelSetup.StartAsync(tcp: 1, udp: 1, policies: TunnelSetup.WithoutHeader);
        using var listener = setup.Listen(setup.Tcp[0], backlog: 4096);
        using var live = await setup.OpenAsync(listener, setup.Tcp[0]);
        await LimitAsync(setup.Hub.Process, 600);

        var clients = new List<Socket>();
        for (var i = 0; i < 600; i++)
            clients.Add(await setup.ConnectAsync(setup.Tcp[0]));
        await Eventually.IsTrueAsync(
            async () =>
            {
                // Another session each time: one that came before the last descriptor was taken would go on.
                using var datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                await datagrams.SendToAsync("x"u8.ToArray(), new System.Net.IPEndPoint(setup.EdgeAddress, setup.Udp[0]));
                var status = await setup.Hub.StatusAsync();
                return Count(status, "streamFailures") > 100 && Count(status, "sessionFailures") > 0;
            },
            "refusals of both kinds to be counted",
            explain: () => setup.Hub.Process.Log);

        // The admin socket answers, a new edge comes in, and the clients that were there go on.
        Assert.Equal(0, (await setup.Hub.RunAsync("status")).ExitCode);
        await using (var second = EdgeProcess.Start(setup.Directory, await setup.Hub.AddEdgeAsync("second", [], []), setup.EdgeAddress))
            await second.WaitForPortsAsync([], []);
        await live.AssertEchoAsync();
        Assert.DoesNotContain("The configuration file has changed", setup.Hub.Process.Log);

        clients.ForEach(client => client.Reset());
        await Eventually.IsTrueAsync(
            async () => await IsServedAsync(setup), "new clients to be served again", explain: () => setup.Hub.Process.Log);
        Assert.False(setup.Hub.Process.HasExited, setup.Hub.Process.Log);
    }

    [Theory]
    [InlineData("tunnel-hub", 64)]
    [InlineData("tunnel-hub", 256)]
    [InlineData("tunnel-edge", 64)]
    [InlineData("tunnel-edge", 256)]
    public async Task A_limit_that_is_too_low_is_an_error_at_the_start_that_says_the_number(string program, int limit)
    {
        var result = await ManagedProcess.RunAsync(
            DebianProgram.Prlimit, [$"--nofile={limit}:{limit}", program == "tunnel-hub" ? Binaries.Hub : Binaries.Edge, "run"]);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"the limit of file descriptors is {limit}, and at least 512 are needed", result.StandardError);
    }

    [Fact]
    public async Task Twenty_thousand_connects_in_a_burst_starve_no_stream()
    {
        const int Connects = 20_000;
        await using var setup = await TunnelSetup.StartAsync(tcp: 2, policies: TunnelSetup.WithoutHeader);
        using var listener = setup.Listen(setup.Tcp[0]);
        using var live = await setup.OpenAsync(listener, setup.Tcp[0]);

        // The target of the second port does not listen: each client costs the hub a connect that is refused.
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
            using var client =
                new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(true, 0) };
            try
            {
                client.Connect(setup.EdgeAddress, setup.Tcp[1]);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionRefused)
            {
                // The connection was reset before the call returned.
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

    private static long Count(System.Text.Json.JsonElement status, string group) =>
        status.GetProperty(group).GetProperty("descriptorLimit").GetInt64();

    private static int HighestDescriptor(TunnelSetup setup) =>
        Directory.GetFileSystemEntries($"/proc/{setup.Edge.Process.Id}/fd")
            .Max(path => int.Parse(Path.GetFileName(path), System.Globalization.CultureInfo.InvariantCulture));

    // Only the soft limit is lowered: without root a hard one could not be raised again.
    private static async Task LimitAsync(ManagedProcess process, int limit) =>
        (await ManagedProcess.RunAsync(DebianProgram.Prlimit, ["--pid", $"{process.Id}", $"--nofile={limit}:"])).Succeeded();
}
