using System.Diagnostics;
using System.Net.Sockets;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>A reset on one side is a reset on the other, after what was sent before it.</summary>
public sealed class ResetTests(RawTunnel tunnel) : IClassFixture<RawTunnel>
{
    // The specification allows one second; a busy machine may add to it.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);

    private readonly TunnelSetup _setup = tunnel.Setup;

    public static TheoryData<bool> Directions() => [true, false];

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task While_data_moves(bool clientResets)
    {
        var port = tunnel.NextPort();
        using var upstream = _setup.Listen(port);
        using var pair = await _setup.OpenAsync(upstream, port);
        var (active, passive) = clientResets ? (pair.Client, pair.Server) : (pair.Server, pair.Client);
        await pair.AssertEchoAsync();
        var draining = passive.DrainAsync();
        await active.SendAllAsync(new byte[4 << 20]);

        var clock = Stopwatch.StartNew();
        active.Reset();

        Assert.Equal(StreamEnd.Reset, (await draining).End);
        Assert.True(clock.Elapsed < Soon, $"It took {clock.Elapsed}.");
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task After_the_data_that_was_sent_before_it(bool clientResets)
    {
        var port = tunnel.NextPort();
        using var upstream = _setup.Listen(port);
        for (var round = 0; round < 50; round++)
        {
            using var pair = await _setup.OpenAsync(upstream, port);
            var (active, passive) = clientResets ? (pair.Client, pair.Server) : (pair.Server, pair.Client);
            await pair.AssertEchoAsync();
            await active.SendAllAsync(new byte[10_000]);
            active.Reset();

            Assert.Equal((10_000, StreamEnd.Reset), await passive.DrainAsync());
        }
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task One_that_is_faster_than_the_dial_is_never_an_orderly_end(bool clientResets)
    {
        var port = tunnel.NextPort();
        using var upstream = _setup.Listen(port);
        for (var round = 0; round < 50; round++)
        {
            using var pair = await _setup.OpenAsync(upstream, port);
            var (active, passive) = clientResets ? (pair.Client, pair.Server) : (pair.Server, pair.Client);
            await active.SendAllAsync(new byte[100]);
            active.Reset();

            Assert.Equal(StreamEnd.Reset, (await passive.DrainAsync()).End);
        }
    }

    [Fact]
    public async Task A_server_that_answers_and_closes_over_an_unread_body_is_heard()
    {
        var port = tunnel.NextPort();
        using var upstream = _setup.Listen(port);
        using var pair = await _setup.OpenAsync(upstream, port);
        await pair.Client.SendAllAsync(new byte[100_000]);
        await Eventually.IsTrueAsync(() => pair.Server.Available > 0, "the body");

        await pair.Server.SendAllAsync("413 Content Too Large"u8.ToArray());
        pair.Server.Dispose();

        var (bytes, end) = await pair.Client.DrainAsync();
        Assert.Equal((21, StreamEnd.Reset), (bytes, end));
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task Within_a_second_of_a_half_closed_connection(bool clientResets)
    {
        var port = tunnel.NextPort();
        using var upstream = _setup.Listen(port);
        using var pair = await _setup.OpenAsync(upstream, port);
        var (active, passive) = clientResets ? (pair.Client, pair.Server) : (pair.Server, pair.Client);
        active.Shutdown(SocketShutdown.Send);
        Assert.Equal((0, StreamEnd.Finished), await passive.DrainAsync());

        active.Reset();

        // After its FIN was read a reset shows in the socket's error only, not in a receive.
        await Eventually.IsTrueAsync(() => passive.Poll(0, SelectMode.SelectError), "the reset", Soon);
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task Within_a_second_of_a_back_pressured_connection(bool stalledEndResets)
    {
        var port = tunnel.NextPort();
        using var upstream = _setup.Listen(port);
        foreach (var fromClient in new[] { true, false })
        {
            using var pair = await _setup.OpenAsync(upstream, port);
            var (sender, stalled) = fromClient ? (pair.Client, pair.Server) : (pair.Server, pair.Client);
            await sender.FillAsync(64 << 20, Quiet);
            if (stalledEndResets)
            {
                stalled.Reset();
                await Eventually.IsTrueAsync(() => sender.Poll(0, SelectMode.SelectError), "the reset at the sender", Soon);
            }
            else
            {
                sender.Reset();
                Assert.Equal(StreamEnd.Reset, (await stalled.DrainAsync()).End);
            }
        }
    }

    [Fact]
    public async Task A_client_is_reset_at_once_when_nobody_serves_its_port()
    {
        var clock = Stopwatch.StartNew();
        await _setup.AssertResetsAsync(tunnel.NextPort());
        Assert.True(clock.Elapsed < Soon, $"It took {clock.Elapsed}.");
    }
}
