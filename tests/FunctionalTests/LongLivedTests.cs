using System.Net;
using System.Net.Sockets;
using System.Text;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Programs;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>
/// Connections as people keep them open for long (sessions, event streams, transfers and idle ones) outlive a path that breaks.
/// </summary>
[Collection(HeavyTests.Name)]
public sealed class LongLivedTests
{
    private static readonly string[] OverTls = ["--transport", "tcpTls"];
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task An_ssh_session_and_an_event_stream_go_on_through_cuts()
    {
        const int Lines = 60;
        const int LinesBetweenCuts = 6;
        await using var setup = await TunnelSetup.StartAsync(
            2, policies: TunnelSetup.WithoutHeader, cuttable: true, edgeArguments: OverTls);
        await using var server = await SshServer.StartAsync(setup.Directory, new IPEndPoint(setup.TargetAddress, setup.Tcp[0]));
        using var events = setup.Listen(setup.Tcp[1]);
        using var due = new SemaphoreSlim(0);
        var serving = ServeEventsAsync(events, Lines, due);
        await using var ssh = server.Run(
            setup.EdgeAddress, setup.Tcp[0], $"i=0; while [ $i -lt {Lines} ]; do echo line-$i; i=$((i+1)); sleep 0.05; done");
        await using var curl = ManagedProcess.Start("curl", "curl", ["-sSN", $"http://{setup.EdgeAddress}:{setup.Tcp[1]}/"]);

        for (var line = 0; line < Lines; line += LinesBetweenCuts)
        {
            due.Release(LinesBetweenCuts);
            await ssh.WaitForLineAsync($"line-{line}", Limit);
            await curl.WaitForLineAsync($"data: line-{line}", Limit);
            setup.Link!.Cut();
        }

        Assert.Equal(0, await ssh.WaitForExitAsync(Limit));
        Assert.Equal(0, await curl.WaitForExitAsync(Limit));
        await serving;
        var expected = Enumerable.Range(0, Lines).Select(static line => $"line-{line}").ToArray();
        Assert.Equal(expected, ssh.StandardOutput.Split('\n'));
        Assert.Equal(
            expected.Select(static line => $"data: {line}"), curl.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Transfers_wait_for_a_program_that_is_stopped_for_a_while(bool edge)
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader, edgeArguments: OverTls);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var pair = await setup.OpenAsync(upstream, setup.Tcp[0]);

        // Both ends have the stream; else the time that the hub gives an upstream to answer may pass while the hub stands.
        await pair.AssertEchoAsync();
        using var transfers = new Transfers([pair]);
        var stopped = edge ? setup.Edge.Process : setup.Hub.Process;

        // This takes longer than the other end needs to be in doubt and to try another connection.
        stopped.Signal(ManagedProcess.SigStop);
        await Task.Delay(TimeSpan.FromSeconds(10));
        stopped.Signal(ManagedProcess.SigCont);

        await Eventually.IsTrueAsync(
            async () => await setup.Edge.StatusAsync() is { } status && status.GetProperty("connected").GetBoolean(), "the tunnel");
        await transfers.FinishAsync(() => Logs(setup));
    }

    [Fact]
    public async Task Sixty_four_transfers_both_ways_lose_nothing_through_cuts()
    {
        const int Streams = 64;
        const int Cuts = 20;
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader, cuttable: true, edgeArguments: OverTls);
        using var upstream = setup.Listen(setup.Tcp[0]);
        var pairs = new List<StreamPair>();
        for (var i = 0; i < Streams; i++)
            pairs.Add(await setup.OpenAsync(upstream, setup.Tcp[0]));
        using var transfers = new Transfers(pairs);

        var random = new Random(64);
        for (var i = 0; i < Cuts; i++)
        {
            var from = setup.Link!.Carried + random.Next(1, 32 << 20);
            await Eventually.IsTrueAsync(() => setup.Link.Carried >= from || transfers.HasEnded, "bytes");
            setup.Link.Cut();
        }

        await transfers.FinishAsync(() => Logs(setup));
        foreach (var pair in pairs)
            pair.Dispose();
    }

    [Fact]
    public async Task Five_thousand_idle_connections_go_on_over_the_next_connection()
    {
        const int Count = 5_000;
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader, cuttable: true, edgeArguments: OverTls);
        using var upstream = setup.Listen(setup.Tcp[0], backlog: 1_024);
        var pairs = new List<StreamPair>();
        for (var i = 0; i < Count; i++)
            pairs.Add(await setup.OpenAsync(upstream, setup.Tcp[0]));

        setup.Link!.Cut();
        await setup.Edge.Process.WaitForLineAsync($"without a connection (streams: {Count},", Limit);

        foreach (var pair in pairs)
        {
            await pair.AssertEchoAsync();
            pair.Dispose();
        }

        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
    }

    private static string Logs(TunnelSetup setup) => $"{setup.Edge.Process.Log}\n{setup.Hub.Process.Log}";

    private static async Task ServeEventsAsync(TcpListener listener, int lines, SemaphoreSlim due)
    {
        using var client = await listener.AcceptSocketAsync();
        await client.SendAllAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"u8.ToArray());
        for (var line = 0; line < lines; line++)
        {
            await due.WaitAsync();
            await client.SendAllAsync(Encoding.ASCII.GetBytes($"data: line-{line}\n\n"));
        }

        client.Shutdown(SocketShutdown.Send);
        await client.DrainAsync();
    }
}
