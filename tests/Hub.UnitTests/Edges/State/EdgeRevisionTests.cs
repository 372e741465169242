using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Edges.State;

/// <summary>
/// The time of an edge's last change, by which one that has several hubs chooses whose configuration counts. What became of other edges,
/// and what the edge does not see, must not let an older configuration count.
/// </summary>
public sealed class EdgeRevisionTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly ManualTimeProvider _time = new();

    private string StateFile => _directory.File("edges.json");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task An_edge_has_the_time_at_which_what_it_is_told_was_changed_last_whatever_becomes_of_the_others()
    {
        long first;
        await using (var store = await OpenAsync(TestEdges.WithSecret("a"), TestEdges.WithSecret("b")))
        {
            first = store.Find("a")!.Revision;
            Assert.Equal((_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / 10, first);
            _time.Advance(TimeSpan.FromSeconds(1));
            await store.UpdateAsync(TestEdges.Edge("b", 80), default);
            await store.AddAsync(TestEdges.Edge("c", 80), default);
            Assert.Equal((first, first + 1_000_000, first + 1_000_001), RevisionsOf(store));

            // The whole set is written again, with one difference.
            _time.Advance(TimeSpan.FromSeconds(1));
            EdgeDefinition[] all = [TestEdges.WithSecret("a"), TestEdges.Edge("b", 80), TestEdges.Edge("c", 81)];
            Assert.True((await store.ReplaceAllAsync(all, dryRun: false, default)).Succeeded);
            Assert.Equal((first, first + 1_000_000, first + 2_000_000), RevisionsOf(store));
        }

        await using var again = await OpenAsync();
        Assert.Equal((first, first + 1_000_000, first + 2_000_000), RevisionsOf(again));
    }

    [Fact]
    public async Task What_an_edge_is_not_told_leaves_it_the_time_of_its_last_change()
    {
        await using var store = await OpenAsync(TestEdges.WithSecret("a"));
        var first = store.Find("a")!.Revision;
        _time.Advance(TimeSpan.FromSeconds(1));
        await store.RotateSecretAsync("a", chosen: null, TimeSpan.FromHours(1), default);
        var target = new PortPolicyDefinition { TargetPort = 8443 };
        await store.UpdateAsync(TestEdges.Edge("a", 443) with { Ports = EdgeDefinition.NoPorts.Add("tcp/443", target) }, default);
        await store.UpdateAsync(store.Find("a")!.Definition with { Enabled = false }, default);
        var expired = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        store.Changed += _ =>
        {
            if (store.State.NextExpiry is null)
                expired.TrySetResult();
        };
        _time.Advance(TimeSpan.FromHours(1));
        await expired.Task.WaitAsync(Patience.Limit);
        Assert.Equal(first, store.Find("a")!.Revision);
        Assert.True(store.State.Revision > first);
    }

    [Theory]
    [InlineData("ports")]
    [InlineData("udp")]
    [InlineData("policy")]
    [InlineData("default policy")]
    [InlineData("firewall")]
    [InlineData("stun")]
    public async Task What_an_edge_is_told_gives_it_a_new_time(string what)
    {
        await using var store = await OpenAsync(TestEdges.WithSecret("a"));
        var first = store.Find("a")!.Revision;
        _time.Advance(TimeSpan.FromSeconds(1));
        var policy = new PortPolicyDefinition { MaxConnections = 7 };
        var edge = TestEdges.Edge("a", 443);
        edge = what switch
        {
            "ports" => TestEdges.Edge("a", 443, 80),
            "udp" => edge with { ListenPortsUdp = [53] },
            "policy" => edge with { Ports = EdgeDefinition.NoPorts.Add("tcp/443", policy) },
            "default policy" => edge with { Ports = EdgeDefinition.NoPorts.Add("default", policy) },
            "firewall" => edge with { FirewallConfig = JsonElement.Parse("""{"blockedIps":["192.0.2.7"]}""") },
            _ => edge with { StunIntervalSecs = 60 },
        };
        Assert.Empty((await store.UpdateAsync(edge, default)).Errors);
        Assert.Equal(first + 1_000_000, store.Find("a")!.Revision);
    }

    [Fact]
    public async Task A_clock_that_went_back_lets_no_edges_time_fall_and_one_that_was_ahead_leaves_the_others_as_they_are()
    {
        await using var store = await OpenAsync(TestEdges.WithSecret("a"), TestEdges.WithSecret("b"));
        var first = store.Find("a")!.Revision;
        var clock = new ManualTimeProvider();
        clock.Advance(TimeSpan.FromDays(3650));
        await using (var ahead = TestEdges.Store(_directory.Path, time: clock))
        {
            await ahead.LoadAsync([], default);
            await ahead.UpdateAsync(TestEdges.Edge("b", 80), default);
        }

        await using var back = await OpenAsync();
        var late = back.Find("b")!.Revision;
        Assert.True(late > first + 1_000_000);
        _time.Advance(TimeSpan.FromSeconds(1));
        await back.UpdateAsync(TestEdges.Edge("a", 80), default);
        await back.UpdateAsync(TestEdges.Edge("b", 81), default);
        Assert.Equal((first + 1_000_000, late + 1), (back.Find("a")!.Revision, back.Find("b")!.Revision));

        // Hubs that share the state may still have the edge of before.
        await back.RemoveAsync("b", default);
        await back.AddAsync(TestEdges.Edge("b", 82), default);
        Assert.True(back.Find("b")!.Revision > late + 1);
    }

    [Fact]
    public async Task A_state_of_before_edges_had_their_own_time_is_read_with_that_of_the_whole_set_and_then_written_as_a_new_one()
    {
        await (await OpenAsync(TestEdges.WithSecret("a"), TestEdges.WithSecret("b"))).DisposeAsync();
        var old = JsonNode.Parse(await File.ReadAllTextAsync(StateFile))!;
        old["version"] = 1;
        old["revision"] = 5;
        foreach (var item in old["edges"]!.AsArray())
            item!.AsObject().Remove("revision");
        await File.WriteAllTextAsync(StateFile, old.ToJsonString());

        await using var store = await OpenAsync();
        Assert.Equal((5, 5), (store.Find("a")!.Revision, store.Find("b")!.Revision));
        await store.UpdateAsync(TestEdges.Edge("b", 80), default);
        var written = JsonNode.Parse(await File.ReadAllTextAsync(StateFile))!;
        Assert.Equal((2, 5), ((int)written["version"]!, (long)written["edges"]![0]!["revision"]!));
        Assert.Equal(store.Find("b")!.Revision, (long)written["edges"]![1]!["revision"]!);
    }

    private async Task<EdgeStore> OpenAsync(params EdgeDefinition[] seed)
    {
        var store = TestEdges.Store(_directory.Path, time: _time);
        await store.LoadAsync(seed, default);
        return store;
    }

    private static (long A, long B, long C) RevisionsOf(EdgeStore store) =>
        (store.Find("a")!.Revision, store.Find("b")!.Revision, store.Find("c")!.Revision);
}
