using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Connecting;

/// <summary>A tunnel that fell back to TLS moves to QUIC when QUIC gets through.</summary>
public sealed class TransportChangeTests : IAsyncDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly FakeDialer _quic = new(TransportKind.Quic);
    private readonly FakeDialer _tls = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TunnelConnector _connector;
    private readonly Task _loop;

    public TransportChangeTests()
    {
        var pins = new PinStore(null, [], NullLogger.Instance);
        var transports = TransportSelector.WithFallback(Dialer(_quic), Dialer(_tls), _time, NullLogger.Instance);
        var options = new ConnectorOptions
        {
            HubHost = "hub.example",
            HubPort = 8443,
            EdgeId = "edge",
            Secret = "a-secret-of-the-edge",
            InsecureSkipVerify = false,
            DrainTimeout = TimeSpan.FromSeconds(30),
            Hello = new Hello { Instance = "0123" },
        };
        _connector = new TunnelConnector(
            options, new HubRenewals(null, options, NullLogger.Instance), transports, pins, new ConfigInbox(), new IgnoringObserver(),
            () => 0.5, _time, NullLogger.Instance);
        _loop = Task.Run(() => _connector.RunAsync(_stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.Soon();
        _stop.Dispose();
    }

    [Fact]
    public async Task New_streams_go_to_quic_and_those_over_tls_are_handed_over_with_all_the_time_they_need()
    {
        var tls = await FallBackAsync();
        Assert.Equal(("quicUnreachable", "for this reason"), (_connector.Status.Choice!.Word, _connector.Status.Choice.Detail));
        tls.ActiveStreams = 3;

        var quic = await MoveAsync();

        Assert.Equal(GoAway.Replaced, await tls.NextGoAwayAsync());
        Assert.True(quic.Started);
        Assert.Same(quic, tls.HandedTo);
        Assert.Equal(1, quic.Suspected);
        Assert.Equal(TransportKind.Quic, _connector.Status.Transport);
        Assert.Equal("preferred", _connector.Status.Choice!.Word);
        _time.Advance(TimeSpan.FromHours(5));
        Assert.False(tls.Completion.IsCompleted);
        tls.FinishStreams();
        await tls.Completion.Soon();
        Assert.Same(quic, _connector.Current);
        Assert.True(_connector.Status.Connected);
    }

    [Fact]
    public async Task A_change_of_the_machines_addresses_makes_sure_of_the_tunnel_and_tries_quic_at_once()
    {
        var tls = await FallBackAsync();
        tls.ActiveStreams = 3;

        _connector.OnNetworkChanged();

        Assert.Equal(1, tls.Suspected);
        await Eventually.IsTrueAsync(() => _time.UntilNext == ChangePace.FirstPause, "the pause after the change");
        _time.Advance(ChangePace.FirstPause);
        var quic = new FakeTunnel { Kind = TransportKind.Quic };
        (await _quic.NextAsync()).Connect(quic);
        await UsedAsync(quic);
        Assert.Same(quic, tls.HandedTo);
        Assert.Equal(0, _tls.Waiting);
    }

    [Fact]
    public async Task Over_the_second_best_transport_too_the_end_of_the_numbers_brings_another_tunnel()
    {
        var tls = await FallBackAsync();
        tls.Numbers.SetResult();

        (await _quic.NextAsync()).Fail(DialFailureKind.Unreachable);
        var next = new FakeTunnel();
        (await _tls.NextAsync()).Connect(next);

        Assert.Equal(GoAway.Replaced, await tls.NextGoAwayAsync());
        Assert.Same(next, _connector.Current);
    }

    [Fact]
    public async Task A_tunnel_over_tls_in_doubt_is_brought_tls_first_since_what_is_open_goes_on_over_that_as_it_is()
    {
        var tls = await FallBackAsync();
        tls.IsInDoubt = true;
        ((ITunnelHandler)_connector).OnDoubt(tls);

        (await _tls.NextAsync()).Fail(DialFailureKind.Timeout);
        Assert.Equal(1280, (await _quic.NextAsync()).Request.MaxPacket);
    }

    [Fact]
    public async Task A_tunnel_over_tls_that_does_not_come_back_goes_on_within_one_over_quic_and_hands_its_streams_over()
    {
        var tls = await LoseAsync(ResumeOutcome.Resumed);
        Assert.Equal(0, _quic.Waiting);
        (await _tls.NextAsync()).Fail(DialFailureKind.Timeout);
        (await _quic.NextAsync()).Fail(DialFailureKind.Timeout);
        await Eventually.IsTrueAsync(
            () =>
            {
                _time.Advance(Resumption.LongestPause / 4);
                return _quic.Waiting > 0;
            },
            "the next try over QUIC");
        var quic = new FakeTunnel { Kind = TransportKind.Quic };
        (await _quic.NextAsync()).Connect(quic);
        await UsedAsync(quic);

        Assert.Equal(GoAway.Replaced, await tls.NextGoAwayAsync());
        Assert.Equal((1, quic), tls.AskedWithin);
        Assert.Same(quic, tls.HandedTo);
        Assert.Null(_connector.Status.LostSince);

        // What can't go over stays on it, and it is led on when it is lost again.
        tls.IsLost = true;
        Assert.True(((ITunnelHandler)_connector).OnLost(tls, new TunnelEnd(TunnelEndKind.ConnectionLost, "cut again")));
        await Eventually.IsTrueAsync(() => tls.AskedWithin == (2, quic), "it goes on again");
        tls.FinishStreams();
        await tls.Completion.Soon();
    }

    [Theory]
    [InlineData(ResumeOutcome.Failed, false)]
    [InlineData(ResumeOutcome.Refused, true)]
    [InlineData(ResumeOutcome.NotPossible, true)]
    public async Task One_that_can_not_go_on_within_another_ends_and_one_that_could_not_yet_is_asked_again(
        ResumeOutcome outcome, bool ends)
    {
        var tls = await LoseAsync(outcome);
        (await _tls.NextAsync()).Fail(DialFailureKind.Timeout);
        var quic = new FakeTunnel { Kind = TransportKind.Quic };
        (await _quic.NextAsync()).Connect(quic);
        await UsedAsync(quic);

        await Eventually.IsTrueAsync(() => tls.AskedWithin.Times == 1, "it is asked");
        if (ends)
        {
            await tls.Completion.Soon();
            return;
        }

        await Eventually.IsTrueAsync(
            () =>
            {
                _time.Advance(LostTunnels.LeadPause);
                return tls.AskedWithin.Times > 2;
            },
            "it is asked again");
        Assert.False(tls.Completion.IsCompleted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_that_falls_silent_or_loses_its_connection_while_it_hands_over_goes_on_within_the_newest(bool silent)
    {
        var tls = await FallBackAsync();
        tls.ActiveStreams = 3;
        var quic = await MoveAsync();
        await tls.NextGoAwayAsync();
        Assert.Same(quic, tls.HandedTo);
        tls.Within = ResumeOutcome.Resumed;

        if (silent)
        {
            tls.IsInDoubt = true;
            ((ITunnelHandler)_connector).OnDoubt(tls);
        }
        else
        {
            tls.IsLost = true;
            Assert.True(((ITunnelHandler)_connector).OnLost(tls, new TunnelEnd(TunnelEndKind.ConnectionLost, "cut")));
        }

        await Eventually.IsTrueAsync(() => tls.AskedWithin is { Times: > 0, Tunnel: var within } && within == quic, "it goes on");
        Assert.Same(quic, _connector.Current);
        tls.End(new TunnelEnd(TunnelEndKind.Closed, "the end of the test"));
    }

    [Fact]
    public async Task One_whose_lanes_do_not_all_go_on_at_once_is_asked_again_and_hands_its_streams_over_then()
    {
        var tls = await LoseAsync(ResumeOutcome.Failed);
        (await _tls.NextAsync()).Fail(DialFailureKind.Timeout);
        var quic = new FakeTunnel { Kind = TransportKind.Quic };
        (await _quic.NextAsync()).Connect(quic);
        await UsedAsync(quic);
        await Eventually.IsTrueAsync(() => tls.AskedWithin.Times == 1, "it is asked");

        // Its first lane goes on, and a further one has failed.
        tls.IsLost = false;
        tls.Within = ResumeOutcome.Resumed;

        await Eventually.IsTrueAsync(
            () =>
            {
                _time.Advance(LostTunnels.LeadPause);
                return tls.HandedTo == quic;
            },
            "it hands its streams over");
    }

    [Fact]
    public async Task One_that_is_lost_just_when_its_successor_starts_goes_on_within_that()
    {
        var tls = await FallBackAsync();
        tls.Within = ResumeOutcome.Resumed;
        var waits = false;
        var quic = new FakeTunnel { Kind = TransportKind.Quic };
        quic.OnStart = () =>
        {
            tls.IsLost = true;
            waits = ((ITunnelHandler)_connector).OnLost(tls, new TunnelEnd(TunnelEndKind.ConnectionLost, "cut"));
        };
        _time.Advance(QuicReturn.Interval);
        (await _quic.NextAsync()).Connect(quic);
        await UsedAsync(quic);

        Assert.True(waits);
        await Eventually.IsTrueAsync(() => tls.HandedTo == quic, "it goes on, and hands its streams over");
        Assert.Equal((1, quic), tls.AskedWithin);
    }

    [Fact]
    public async Task Tls_that_gets_through_where_quic_is_blocked_has_packets_of_any_size_the_next_time()
    {
        var quic = new FakeTunnel { Kind = TransportKind.Quic };
        (await _quic.NextAsync()).Connect(quic);
        await UsedAsync(quic);
        quic.IsInDoubt = true;
        ((ITunnelHandler)_connector).OnDoubt(quic);
        var dial = await _quic.NextAsync();
        await Eventually.IsTrueAsync(() => _time.UntilNext == TransportRace.Lead, "the lead of QUIC");
        _time.Advance(TransportRace.Lead);
        var tls = new FakeTunnel();
        (await _tls.NextAsync()).Connect(tls);
        await Eventually.IsTrueAsync(() => _time.UntilNext == TransportRace.Grace, "the rest of the time that QUIC has");
        Assert.Same(quic, _connector.Current);
        _time.Advance(TransportRace.Grace);
        await UsedAsync(tls);

        await Eventually.IsTrueAsync(() => quic.MovedTo == tls, "what is open goes over");
        Assert.True(dial.Cancelled.IsCancellationRequested);
        Assert.Equal("quicTimedOut", _connector.Status.Choice!.Word);
        Assert.Null(_connector.MaxPacket);
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_streams_that_were_left_on_tls()
    {
        var tls = await FallBackAsync();
        var quic = await MoveAsync();
        await tls.NextGoAwayAsync();
        await _stop.CancelAsync();
        await _loop.Soon();

        var closing = _connector.CloseAsync(TimeSpan.FromSeconds(30));
        await quic.NextGoAwayAsync();
        quic.FinishStreams();
        await Eventually.IsTrueAsync(() => closing.IsCompleted || Advanced(), "the stop");

        await closing.Soon();
        Assert.True(tls.Completion.IsCompleted);

        bool Advanced()
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return false;
        }
    }

    [Fact]
    public async Task The_loss_of_the_tls_tunnel_ends_the_wait_for_quic()
    {
        var tls = await FallBackAsync();
        tls.Lose();
        await Eventually.IsTrueAsync(() => _connector.Status.NextAttempt > _time.GetUtcNow(), "the wait for the next try");
        // Only that wait is left: no try of QUIC goes on beside it.
        Assert.Equal(1, _time.WaitingTimers);
        _time.Advance(TimeSpan.FromSeconds(1));
        (await _quic.NextAsync()).Connect(new FakeTunnel { Kind = TransportKind.Quic });
        await Eventually.IsTrueAsync(() => _connector.Status.Connected, "the tunnel over QUIC");
        Assert.Equal(0, _tls.Waiting);
    }

    [Fact]
    public async Task A_lost_quic_tunnel_is_followed_by_tls_when_udp_is_gone()
    {
        var quic = new FakeTunnel { Kind = TransportKind.Quic };
        (await _quic.NextAsync()).Connect(quic);
        await UsedAsync(quic);
        quic.Lose();
        await Eventually.IsTrueAsync(() => _connector.Status.NextAttempt > _time.GetUtcNow(), "the wait for the next try");
        _time.Advance(TimeSpan.FromSeconds(1));
        await _quic.NextAsync();
        _time.Advance(TransportSelector.QuicDeadline);
        var tls = new FakeTunnel();
        (await _tls.NextAsync()).Connect(tls);
        await UsedAsync(tls);
        Assert.Equal("quicTimedOut", _connector.Status.Choice!.Word);
    }

    private async Task<FakeTunnel> FallBackAsync()
    {
        (await _quic.NextAsync()).Fail(DialFailureKind.Unreachable, "for this reason");
        var tls = new FakeTunnel();
        (await _tls.NextAsync()).Connect(tls);
        await UsedAsync(tls);
        await Eventually.IsTrueAsync(() => _time.WaitingTimers > 0, "the wait for QUIC");
        return tls;
    }

    private async Task<FakeTunnel> LoseAsync(ResumeOutcome within)
    {
        var tls = await FallBackAsync();
        (tls.ActiveStreams, tls.Within, tls.IsLost) = (3, within, true);
        Assert.True(((ITunnelHandler)_connector).OnLost(tls, new TunnelEnd(TunnelEndKind.ConnectionLost, "cut")));
        return tls;
    }

    private async Task<FakeTunnel> MoveAsync()
    {
        _time.Advance(QuicReturn.Interval);
        var quic = new FakeTunnel { Kind = TransportKind.Quic };
        (await _quic.NextAsync()).Connect(quic);
        await UsedAsync(quic);
        return quic;
    }

    private Task UsedAsync(FakeTunnel tunnel) =>
        Eventually.IsTrueAsync(() => _connector.Current == tunnel && _connector.Status.Transport == tunnel.Kind, "the tunnel is in use");

    private HubDialer Dialer(FakeDialer dialer) => new(dialer, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]), _time);
}
