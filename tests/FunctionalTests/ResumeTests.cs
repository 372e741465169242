using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Open connections outlive the connection that carries them.</summary>
public sealed class ResumeTests
{
    private static readonly string[] OverTls = ["--transport", "tcpTls"];

    [Fact]
    public async Task Transfers_both_ways_through_fifty_cuts_lose_no_byte()
    {
        const int Cuts = 50;
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader, cuttable: true, edgeArguments: OverTls);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var pair = await setup.OpenAsync(upstream, setup.Tcp[0]);
        using var enough = new CancellationTokenSource();
        var up = HashedTransfer.SendUntilAsync(pair.Client, 1, enough.Token);
        var down = HashedTransfer.SendUntilAsync(pair.Server, 2, enough.Token);
        var upReceived = HashedTransfer.ReceiveAsync(pair.Server);
        var downReceived = HashedTransfer.ReceiveAsync(pair.Client);
        var transfers = Task.WhenAny(up, down, upReceived, downReceived).Unwrap();
        string Logs() => $"{setup.Edge.Process.Log}\n{setup.Hub.Process.Log}";

        var random = new Random(3);
        for (var i = 0; i < Cuts; i++)
        {
            // A cut may come as soon as the connection has carried something, in the middle of its handshake too.
            var from = setup.Link!.Carried + random.Next(1, 4 << 20);
            await Eventually.IsTrueAsync(() => setup.Link.Carried >= from || transfers.IsFaulted, "bytes", explain: Logs);
            Assert.True(!transfers.IsFaulted, $"Cut {i} has ended a transfer: {transfers.Exception?.Message} {Logs()}");
            setup.Link.Cut();
        }

        await enough.CancelAsync();
        var (upSent, downSent) = (await up, await down);
        Assert.Equal((upSent, downSent), (await upReceived, await downReceived));
        Assert.True(upSent.Bytes > 0 && downSent.Bytes > 0);

        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
        Assert.Equal(1, (await setup.Hub.ConnectedEdgeAsync(TunnelSetup.EdgeId))!.Value.GetProperty("streamsOpened").GetInt64());
        await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
    }

    [Fact]
    public async Task While_the_link_is_down_what_is_open_waits_and_both_say_so()
    {
        await using var setup = await TunnelSetup.StartAsync(
            udp: 1, policies: TunnelSetup.WithoutHeader, cuttable: true, edgeArguments: [.. OverTls, "--hold-time", "60"]);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var pair = await setup.OpenAsync(upstream, setup.Tcp[0]);
        using var ended = await setup.OpenAsync(upstream, setup.Tcp[0]);
        await using var events = ManagedProcess.Start(
            "events", Binaries.Hub,
            ["events", "--admin-socket", setup.Hub.AdminSocket, "--types", "tunnelLost,tunnelResumed,portsUpdated"]);
        var udp = setup.Udp;
        await Eventually.IsTrueAsync(
            async () =>
            {
                udp = udp.Length > 0 ? [] : setup.Udp;
                await setup.Hub.PutEdgeAsync(TunnelSetup.EdgeId, setup.Tcp, udp, TunnelSetup.WithoutHeader([], []));
                return events.StandardOutput.Contains("portsUpdated", StringComparison.Ordinal);
            },
            "the first event");

        setup.Link!.Down();
        await setup.Hub.Process.WaitForLineAsync("has lost its connection");
        await Eventually.IsTrueAsync(
            async () => (await setup.Edge.StatusAsync())!.Value is var status
                && !status.GetProperty("connected").GetBoolean()
                && status.GetProperty("lostSince").ValueKind != System.Text.Json.JsonValueKind.Null,
            "the edge's status");
        Assert.NotEqual(
            System.Text.Json.JsonValueKind.Null,
            (await setup.Hub.ConnectedEdgeAsync(TunnelSetup.EdgeId))!.Value.GetProperty("lostSince").ValueKind);
        await pair.Client.SendAllAsync("while it is down"u8.ToArray());
        ended.Client.Reset();
        var late = setup.OpenAsync(upstream, setup.Tcp[0]);

        setup.Link.Restore();
        Assert.Equal("while it is down"u8.ToArray(), await pair.Server.ReceiveExactlyAsync(16));
        await pair.AssertEchoAsync();
        Assert.Equal((0, StreamEnd.Reset), await ended.Server.DrainAsync());
        using var waited = await late;
        await waited.AssertEchoAsync();

        await events.WaitForLineAsync("tunnelLost edgeId=edge-1");
        await events.WaitForLineAsync("tunnelResumed edgeId=edge-1");
        foreach (var (program, socket) in new[] { ("tunnel-hub", setup.Hub.AdminSocket), ("tunnel-edge", setup.Edge.AdminSocket) })
        {
            using var client = new AdminClient(program, socket);
            var metrics = (await client.GetAsync("metrics", CancellationToken.None)).Body;
            Assert.Contains("\ntunnel_tunnels_lost_total 1\n", metrics, StringComparison.Ordinal);
            Assert.Contains("\ntunnel_tunnels_resumed_total 1\n", metrics, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_cut_longer_than_the_grace_resets_what_was_open()
    {
        await using var setup = await TunnelSetup.StartAsync(
            policies: TunnelSetup.WithoutHeader, hubSettings: new() { ["resumeGrace"] = 1 }, cuttable: true, edgeArguments: OverTls);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var pair = await setup.OpenAsync(upstream, setup.Tcp[0]);

        setup.Link!.Down();
        Assert.Equal((0, StreamEnd.Reset), await pair.Client.DrainAsync());
        Assert.Equal((0, StreamEnd.Reset), await pair.Server.DrainAsync());

        setup.Link.Restore();
        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
        await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
    }

    [Fact]
    public async Task A_hub_that_was_killed_has_kept_nothing_and_its_edge_resets_what_was_open_as_soon_as_it_is_back()
    {
        await using var setup = await TunnelSetup.StartAsync(
            policies: TunnelSetup.WithoutHeader, edgeArguments: [.. OverTls, "--resume-grace", "1h"]);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var pair = await setup.OpenAsync(upstream, setup.Tcp[0]);

        setup.Hub.Process.Signal(ManagedProcess.SigKill);
        await setup.Hub.Process.WaitForExitAsync(TimeSpan.FromSeconds(10));
        await setup.Hub.RestartAsync();

        Assert.Equal((0, StreamEnd.Reset), await pair.Client.DrainAsync());
        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
        await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
    }
}
