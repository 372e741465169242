using Tunnel.Shared.Protocol.Frames;

namespace Tunnel.Shared.UnitTests.Protocol.Frames;

public class StreamStateTests
{
    [Fact]
    public void An_orderly_stream_is_gone_when_both_sides_have_closed_and_all_is_delivered()
    {
        var state = default(StreamState);
        Assert.True(state.CanSend && state.CanReceive);
        Assert.True(state.TryCloseLocal());
        Assert.True(state.CanReceive);
        Assert.True(state.TryCloseRemote());
        Assert.False(state.IsGone);
        Assert.True(state.TryDeliver());
        Assert.True(state.Completed && state.IsGone);
        Assert.False(state.TryReset());
        Assert.False(state.WasReset);
    }

    [Fact]
    public void Every_sequence_ends_as_the_model_says()
    {
        var random = new Random(1);
        for (var sequence = 0; sequence < 20_000; sequence++)
        {
            var state = default(StreamState);
            var model = new Model();
            var wasGone = false;
            for (var step = 0; step < 12; step++)
            {
                // Resets are rare, or no sequence would get far.
                var (did, expected) = random.Next(10) switch
                {
                    0 or 1 or 2 => (state.TryCloseLocal(), model.CloseLocal()),
                    3 or 4 or 5 => (state.TryCloseRemote(), model.CloseRemote()),
                    6 or 7 or 8 => (state.TryDeliver(), model.Deliver()),
                    _ => (state.TryReset(), model.Reset()),
                };
                Assert.Equal(expected, did);
                Assert.Equal(model.LocalClosed, state.LocalClosed);
                Assert.Equal(model.RemoteClosed, state.RemoteClosed);
                Assert.Equal(model.WasReset, state.WasReset);

                Assert.False(state.CanSend && (state.LocalClosed || state.WasReset));
                Assert.False(state.CanReceive && (state.RemoteClosed || state.WasReset));
                Assert.Equal(!model.LocalClosed && !model.WasReset, state.CanSend);
                Assert.Equal(!model.RemoteClosed && !model.WasReset, state.CanReceive);
                Assert.Equal(model.LocalClosed && model.RemoteClosed && model.Delivered, state.Completed);
                Assert.Equal(state.Completed || state.WasReset, state.IsGone);
                Assert.False(state.Completed && state.WasReset);
                Assert.False(wasGone && (!state.IsGone || did), "what is gone stays so, and nothing happens to it any more");
                wasGone = state.IsGone;
            }
        }
    }

    // The messages have protocol.md's wording.
    private sealed class Model
    {
        public bool LocalClosed { get; private set; }

        public bool RemoteClosed { get; private set; }

        public bool Delivered { get; private set; }

        public bool WasReset { get; private set; }

        public bool CloseLocal()
        {
            if (WasReset || LocalClosed)
                return false;
            return LocalClosed = true;
        }

        public bool CloseRemote()
        {
            if (WasReset || RemoteClosed)
                return false;
            return RemoteClosed = true;
        }

        public bool Deliver()
        {
            if (WasReset || !RemoteClosed || Delivered)
                return false;
            return Delivered = true;
        }

        public bool Reset()
        {
            if (WasReset || (LocalClosed && RemoteClosed && Delivered))
                return false;
            return WasReset = true;
        }
    }
}
