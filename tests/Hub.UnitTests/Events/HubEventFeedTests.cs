using System.Collections.Immutable;
using Tunnel.Hub.Events;
using Tunnel.Hub.UnitTests.Fakes;

namespace Tunnel.Hub.UnitTests.Events;

public sealed class HubEventFeedTests
{
    private readonly EventLog _log = new();

    private HubEventFeed Feed => _log.Queue;

    [Fact]
    public void Every_event_has_its_name_from_the_product()
    {
        Assert.Equal(
            [
                "authorizerDown", "authorizerUp", "certificateExpiring", "certificateFailed", "certificateLoaded",
                "crashRecovered", "edgeConflict", "edgeConnected", "edgeDialFailed", "edgeDisconnected", "edgesChanged",
                "firewallConfigUpdated", "firewallDrifted", "portsApplied", "portsAssigned",
                "portsUpdated", "proxyHeaderDoubted", "publicIpDiscovered", "sourceBlocked", "sourceUnblocked", "streamClosed",
                "streamOpened", "targetDown", "targetUp", "tunnelConnected", "tunnelDisconnected",
                "tunnelLost", "tunnelResumed",
            ],
            HubEventTypes.All);
        var records = typeof(HubEvent).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(HubEvent)));
        // A hub that could not start has no API to tell of it.
        Assert.Equal(HubEventTypes.All.Length, records.Count(type => type != typeof(CrashRecoveryFailedEvent)));
    }

    [Fact]
    public async Task Events_of_streams_are_made_only_while_somebody_asks_for_them()
    {
        Assert.False(Feed.StreamsWanted);
        using var others = Subscribe("edgeConnected");
        Assert.False(Feed.StreamsWanted);
        using (var reader = Subscribe("streamOpened"))
        {
            Assert.True(Feed.StreamsWanted);
            Feed.Post(Conflict(1));
            Feed.Post(new StreamOpenedEvent("e", 443, null) { Time = default });
            var entry = await reader.Events.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(
                Patience.Limit, TestContext.Current.CancellationToken);
            Assert.Equal((null, "streamOpened"), (entry.Id, entry.Type));
            Assert.Equal("""{"type":"streamOpened","time":"0001-01-01T00:00:00+00:00","edgeId":"e","port":443}""", entry.Json);
        }

        Assert.False(Feed.StreamsWanted);
    }

    [Fact]
    public async Task A_reader_that_is_too_slow_is_given_up_and_the_others_go_on()
    {
        using var slow = Subscribe("crashRecovered");
        using var other = Subscribe("edgeConflict");
        for (var i = 0; i <= EventSubscription.Capacity; i++)
            Feed.Post(new CrashRecoveredEvent(i, null) { Time = default });
        Feed.Post(Conflict(7));

        var entry = await other.Events.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(
            Patience.Limit, TestContext.Current.CancellationToken);
        Assert.Contains("\"newcomer\":\"192.0.2.2:7\"", entry.Json);
        var gone = new TaskCompletionSource();
        await using var registration = slow.TooSlow.Register(gone.SetResult);
        await gone.Task.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Readers_are_limited()
    {
        var readers = Enumerable.Range(0, HubEventFeed.MaxReaders).Select(_ => Subscribe("edgeConflict")).ToList();
        Assert.Null(Feed.Subscribe(["edgeConflict"], null));
        readers[0].Dispose();
        Assert.NotNull(Feed.Subscribe(["edgeConflict"], null));
    }

    [Fact]
    public async Task Readers_end_with_the_hub()
    {
        using var reader = Subscribe("edgeConflict");
        Feed.Complete();
        Assert.False(
            await reader.Events.WaitToReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(
                Patience.Limit, TestContext.Current.CancellationToken));
    }

    private static EdgeConflictEvent Conflict(int port) =>
        new("e", new(System.Net.IPAddress.Parse("192.0.2.1"), port), new(System.Net.IPAddress.Parse("192.0.2.2"), port)) { Time = default };

    private EventSubscription Subscribe(params ImmutableArray<string> types) => Feed.Subscribe([.. types], null)!;
}
