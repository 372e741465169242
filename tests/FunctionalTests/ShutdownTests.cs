using System.Diagnostics;
using System.Net.Sockets;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Services stop when they are told to, and streams get time to end.</summary>
public sealed class ShutdownTests
{
    // The limit is far below the drain time of 30 s.
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(8);

    [Fact]
    public async Task A_signal_lets_an_edges_open_streams_end_and_takes_no_new_ones()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await setup.OpenAsync(upstream, setup.Tcp[0]);
        var stopping = setup.Edge.Process;

        stopping.Signal(ManagedProcess.SigTerm);
        await stopping.WaitForLineAsync("stops on");
        await Eventually.IsTrueAsync(() => IsRefusedAsync(setup), "new clients to be refused");
        await open.AssertEchoAsync();
        Assert.False(stopping.HasExited);

        await EndAsync(open);
        Assert.Equal(0, await stopping.WaitForExitAsync(AtOnce));
    }

    [Fact]
    public async Task A_hub_that_was_told_to_stop_takes_new_streams_while_one_is_open()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await setup.OpenAsync(upstream, setup.Tcp[0]);
        var stopping = setup.Hub.Process;

        stopping.Signal(ManagedProcess.SigTerm);
        await stopping.WaitForLineAsync("stops on");
        using var later = await setup.OpenAsync(upstream, setup.Tcp[0]);
        await later.AssertEchoAsync();
        Assert.Equal(503, (await setup.Hub.SendAsync(HttpMethod.Get, "readyz")).StatusCode);
        Assert.Equal(200, (await setup.Hub.SendAsync(HttpMethod.Get, "healthz")).StatusCode);
        Assert.Equal(1, (await setup.Hub.StatusAsync()).GetProperty("connectedEdges").GetArrayLength());
        await EndAsync(open);
        await later.AssertEchoAsync();
        Assert.False(stopping.HasExited);

        await EndAsync(later);
        Assert.Equal(0, await stopping.WaitForExitAsync(AtOnce));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Streams_that_do_not_end_in_time_are_reset(bool edge)
    {
        await using var setup = await TunnelSetup.StartAsync(
            policies: TunnelSetup.WithoutHeader, hubSettings: new() { ["drainTimeout"] = 1 }, edgeArguments: ["--drain-timeout", "1"]);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await setup.OpenAsync(upstream, setup.Tcp[0]);
        var stopping = edge ? setup.Edge.Process : setup.Hub.Process;

        stopping.Signal(ManagedProcess.SigInt);

        Assert.Equal(0, await stopping.WaitForExitAsync(AtOnce));
        Assert.Equal(StreamEnd.Reset, (await open.Client.DrainAsync()).End);
        Assert.Equal(StreamEnd.Reset, (await open.Server.DrainAsync()).End);
        if (edge)
            Assert.Contains("streams that were still open: 1", stopping.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_second_signal_ends_at_once(bool edge)
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await setup.OpenAsync(upstream, setup.Tcp[0]);
        var stopping = edge ? setup.Edge.Process : setup.Hub.Process;
        stopping.Signal(ManagedProcess.SigTerm);
        await stopping.WaitForLineAsync("stops on");

        var clock = Stopwatch.StartNew();
        // The first of these signals may come so soon after the one above that both count as one wish.
        await Eventually.IsTrueAsync(
            () =>
            {
                if (!stopping.HasExited)
                    stopping.Signal(ManagedProcess.SigTerm);
                return stopping.HasExited;
            },
            "the end on a second signal");

        Assert.Equal(128 + ManagedProcess.SigTerm, await stopping.WaitForExitAsync(AtOnce));
        Assert.True(clock.Elapsed < AtOnce);
    }

    [Fact]
    public async Task SIGINT_is_heeded_by_a_service_that_a_script_has_started_in_the_background()
    {
        var directory = Directory.CreateTempSubdirectory("tunnel-sigint-");
        var socket = Path.Combine(directory.FullName, "edge.sock");
        await using var process = ManagedProcess.Start(
            "tunnel-edge",
            "/bin/sh",
            [
                "-c", """trap "" INT; exec "$@" """, "sh", Binaries.Edge, "run", "--hub-host", "127.0.0.1", "--hub-port", "1", "--edge-id",
                "e",
                "--secret-file", WriteSecret(directory.FullName), "--state-dir", directory.FullName, "--admin-socket", socket,
            ]);
        await process.WaitForLineAsync("is ready");

        process.Signal(ManagedProcess.SigInt);

        Assert.Equal(0, await process.WaitForExitAsync(AtOnce));
        directory.Delete(recursive: true);
    }

    private static async Task EndAsync(StreamPair open)
    {
        open.Client.Shutdown(SocketShutdown.Send);
        open.Server.Shutdown(SocketShutdown.Send);
        await open.Client.DrainAsync();
    }

    private static string WriteSecret(string directory)
    {
        var path = Path.Combine(directory, "secret");
        File.WriteAllText(path, "0123456789abcdef0123");
        return path;
    }

    private static async Task<bool> IsRefusedAsync(TunnelSetup setup)
    {
        Socket? client = null;
        try
        {
            client = await setup.ConnectAsync(setup.Tcp[0]);
            using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
            await client.ReceiveAsync(new byte[1], SocketFlags.None, limit.Token);
            return false;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        finally
        {
            // The service must not wait for a client that was still taken in.
            client?.Reset();
        }
    }
}
