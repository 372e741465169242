using System.Text.Json;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary><c>tunnel-hub events</c> shows the events of a hub with an edge.</summary>
public sealed class EventTests
{
    [Fact]
    public async Task What_happens_is_shown_also_after_the_hub_was_killed_and_came_back()
    {
        await using var setup = await TunnelSetup.StartAsync(tcp: 2, policies: TunnelSetup.WithoutHeader);
        await using var events = Follow(setup, "--json");
        await ShowsAsync(setup, events);

        setup.Hub.Process.Signal(ManagedProcess.SigKill);
        await setup.Hub.Process.WaitForExitAsync(TimeSpan.FromSeconds(10));
        await setup.Hub.RestartAsync();

        // The reader was not there when these events were raised, so they are replayed.
        await events.WaitForLineAsync("\"type\":\"crashRecovered\"");
        await events.WaitForLineAsync("\"type\":\"edgeConnected\"");
        await events.WaitForLineAsync("\"type\":\"portsAssigned\"");
        await setup.Hub.PutEdgeAsync(TunnelSetup.EdgeId, [], []);
        await events.WaitForLineAsync("\"type\":\"portsUpdated\"");
        foreach (var line in events.StandardOutput.Split('\n'))
        {
            using var document = JsonDocument.Parse(line);
            Assert.NotEqual(default, document.RootElement.GetProperty("time").GetDateTimeOffset());
        }

        Assert.DoesNotContain("streamOpened", events.StandardOutput);
    }

    [Fact]
    public async Task The_edges_dashboard_knows_what_happened_before_it_was_started()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        var events = "";
        await Eventually.IsTrueAsync(
            async () =>
            {
                var json = (await ManagedProcess.RunAsync(Binaries.Edge, ["top", "--json", "--admin-socket", setup.Edge.AdminSocket]))
                    .Succeeded().StandardOutput;
                events = JsonElement.Parse(json).GetProperty("events").ToString();
                return events.Contains($"listens on tcp {setup.Tcp[0]}", StringComparison.Ordinal);
            },
            "the event of the port", explain: () => events);
        Assert.Contains("over tcpTls (configured)", events, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Streams_are_shown_to_who_asks_for_them()
    {
        await using var setup = await TunnelSetup.StartAsync(tcp: 2, policies: TunnelSetup.WithoutHeader);
        await using var events = Follow(setup, "--types", "streamOpened,streamClosed,portsUpdated");
        await ShowsAsync(setup, events);
        using var upstream = setup.Listen(setup.Tcp[0]);

        await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);

        await events.WaitForLineAsync($"streamOpened edgeId={TunnelSetup.EdgeId} port={setup.Tcp[0]} client=");
        await events.WaitForLineAsync("streamClosed");
    }

    [Fact]
    public async Task An_unknown_type_is_refused_and_so_is_a_hub_that_does_not_run()
    {
        await using var setup = await TunnelSetup.StartAsync(tcp: 2, policies: TunnelSetup.WithoutHeader);
        var unknown = await setup.Hub.RunAsync("events", "--types", "edgeConected");
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("edgeConnected", unknown.StandardError);

        var nobody = await ManagedProcess.RunAsync(
            Binaries.Hub, ["events", "--admin-socket", Path.Combine(setup.Directory, "nobody.sock")]);
        Assert.Equal(1, nobody.ExitCode);
        Assert.Contains("tunnel-hub is not running", nobody.StandardError);
    }

    private static ManagedProcess Follow(TunnelSetup setup, params string[] more) =>
        ManagedProcess.Start("tunnel-hub events", Binaries.Hub, ["events", "--admin-socket", setup.Hub.AdminSocket, .. more]);

    // The command is a process that takes its time to connect: changes are made until it shows an event.
    private static Task ShowsAsync(TunnelSetup setup, ManagedProcess events)
    {
        var both = false;
        return Eventually.IsTrueAsync(
            async () =>
            {
                await setup.Hub.PutEdgeAsync(TunnelSetup.EdgeId, setup.Tcp[..(both ? 2 : 1)], [], TunnelSetup.WithoutHeader([], []));
                both = !both;
                return events.StandardOutput.Contains("portsUpdated");
            },
            "the events to be shown",
            explain: () => events.Log);
    }
}
