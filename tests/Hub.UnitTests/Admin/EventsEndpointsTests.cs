using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using Tunnel.Hub.Admin;
using Tunnel.Hub.Events;
using Tunnel.Hub.UnitTests.Fakes;

namespace Tunnel.Hub.UnitTests.Admin;

public sealed class EventsEndpointsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_come_with_ids_and_who_comes_back_gets_what_was_missed()
    {
        await using var admin = await AdminFixture.StartAsync();
        string lastId;
        using (var stream = await admin.OpenStreamAsync("api/v1/events"))
        {
            admin.Events.Post(Recovered(1));
            admin.Events.Post(Recovered(2));
            var events = SseParser.Create(stream).EnumerateAsync(Cancellation).GetAsyncEnumerator(Cancellation);
            Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(Patience.Limit, Cancellation));
            Assert.Equal("crashRecovered", events.Current.EventType);
            Assert.Contains("\"allowedEdges\":1", events.Current.Data);
            lastId = events.Current.EventId!;
        }

        admin.Events.Post(Recovered(3));
        using var again = await admin.OpenStreamAsync("api/v1/events", lastId);
        var missed = SseParser.Create(again).EnumerateAsync(Cancellation).GetAsyncEnumerator(Cancellation);
        foreach (var number in new[] { 2, 3 })
        {
            Assert.True(await missed.MoveNextAsync().AsTask().WaitAsync(Patience.Limit, Cancellation));
            Assert.Contains($"\"allowedEdges\":{number}", missed.Current.Data);
        }
    }

    [Fact]
    public async Task A_silent_stream_has_a_heartbeat()
    {
        await using var admin = await AdminFixture.StartAsync();
        using var stream = await admin.OpenStreamAsync("api/v1/events");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        Assert.Equal(": events follow", await reader.ReadLineAsync(Cancellation).AsTask().WaitAsync(Patience.Limit, Cancellation));
        Assert.Equal("", await reader.ReadLineAsync(Cancellation).AsTask().WaitAsync(Patience.Limit, Cancellation));

        var next = reader.ReadLineAsync(Cancellation).AsTask();
        // The wait for the next event begins some time after the first line was sent.
        while (!next.IsCompleted)
        {
            admin.Time.Advance(EventsEndpoints.HeartbeatInterval);
            await Task.Yield();
        }

        Assert.Equal(": heartbeat", await next);
    }

    [Fact]
    public async Task A_reader_that_does_not_read_is_cut_off()
    {
        await using var admin = await AdminFixture.StartAsync();
        using var stream = await admin.OpenStreamAsync("api/v1/events?types=streamOpened");
        var give = DateTime.UtcNow + Patience.Limit;
        while (admin.Events.StreamsWanted)
        {
            Assert.True(DateTime.UtcNow < give, "a reader that does not read is kept");
            admin.Events.Post(new StreamOpenedEvent(new string('e', 64), 443, null) { Time = default });
        }
    }

    [Fact]
    public async Task Unknown_names_are_refused_all_at_once()
    {
        await using var admin = await AdminFixture.StartAsync();
        var (status, problem) = await admin.SendAsync(HttpMethod.Get, "api/v1/events?types=edgeConected,nonsense,crashRecoveryFailed");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        var errors = problem.GetProperty("errors");
        Assert.Equal(3, errors.GetArrayLength());
        Assert.Contains("edgeConnected", errors[0].GetProperty("message").GetString());
    }

    private static CrashRecoveredEvent Recovered(int edges) => new(edges, null) { Time = default };
}
