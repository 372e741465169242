using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Forwarding;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol;
using Tunnel.TestUtilities;

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
