using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Forwarding;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Mux;

namespace Tunnel.Hub.UnitTests.Forwarding;

public sealed class IdleStreamsTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly IdleStreams _idle;

    public IdleStreamsTests() => _idle = new IdleStreams(_time);

    public void Dispose() => _idle.Dispose();

    [Fact]
    public async Task A_stream_in_which_nothing_passes_is_reset_after_the_timeout()
    {
        var stream = new FakeStream();
        _idle.Add(stream, TimeSpan.FromSeconds(10));

        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.False(stream.WasReset);
        _time.Advance(IdleStreams.SweepInterval);
        Assert.Equal(ResetReason.IdleTimeout, await stream.ResetAsync());
    }

    [Fact]
    public void Bytes_either_way_keep_it_alive()
    {
        var stream = new FakeStream();
        _idle.Add(stream, TimeSpan.FromSeconds(10));
        for (var i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(9));
            if (i % 2 == 0)
                stream.BytesSent++;
            else
                stream.BytesReceived++;
        }

        Assert.False(stream.WasReset);
    }

    [Fact]
    public void A_timeout_that_is_over_while_the_tunnel_is_lost_ends_the_stream_and_the_edge_hears_it_after_the_return()
    {
        var pair = new MuxPair(grace: TimeSpan.FromSeconds(60));
        using var idle = new IdleStreams(pair.Time);
        var client = pair.OpenClient()!;
        pair.Settle();
        var upstream = pair.ConnectUpstream()!;
        pair.Settle();
        idle.Add(pair.Upstreams[0].Stream, TimeSpan.FromSeconds(10));

        // What the client says meanwhile does not come, and so nothing passes.
        pair.Cut();
        client.Say(5);
        for (var second = 0; second < 12; second++)
            pair.Advance(TimeSpan.FromSeconds(1));
        Assert.True(upstream.IsGone);
        Assert.False(client.IsGone);

        Assert.True(pair.Resume());
        pair.Settle();
        Assert.True(client.IsGone);
        Assert.Equal(
            [(StreamEndSide.Local, ResetReason.IdleTimeout), (StreamEndSide.Remote, ResetReason.IdleTimeout)],
            pair.Ends.Select(static end => (end.End.Side, end.End.Reason)));
    }

    [Fact]
    public async Task A_stream_that_is_over_is_forgotten_and_one_without_a_timeout_never_watched()
    {
        using var hub = new ForwardingFixture(new FakeConnector());
        hub.ConnectEdge(new PortPolicyDefinition());
        hub.OpenStream();
        Assert.Equal(0, hub.Streams.Idle.Count);

        using var limited = new ForwardingFixture(new FakeConnector());
        limited.ConnectEdge(new PortPolicyDefinition { IdleTimeout = 3, ConnectTimeout = 60 });
        var stream = limited.OpenStream();
        var other = limited.OpenStream();
        Assert.Equal(2, limited.Streams.Idle.Count);
        stream.EndByPeer();
        Assert.Equal(1, limited.Streams.Idle.Count);
        limited.Time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(ResetReason.IdleTimeout, await other.ResetAsync());
        Assert.False(stream.WasReset);
    }
}
