using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Connecting;

public sealed class TransportSelectorTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly FakeDialer _quic = new(TransportKind.Quic);
    private readonly FakeDialer _tls = new();
    private readonly TransportSelector _selector;

    public TransportSelectorTests() => _selector = TransportSelector.WithFallback(Dialer(_quic), Dialer(_tls), _time, NullLogger.Instance);

    [Fact]
    public async Task Quic_is_taken_when_it_gets_through_and_tls_is_not_asked()
    {
        var dial = DialAsync();
        var tunnel = new FakeTunnel { Kind = TransportKind.Quic };
        (await _quic.NextAsync()).Connect(tunnel);
        var outcome = await dial.Soon();
        Assert.Same(tunnel, outcome.Result.Tunnel);
        Assert.Equal("preferred", outcome.Choice.Word);
        Assert.Equal(0, _tls.Waiting);
    }

    [Fact]
    public async Task A_silent_peer_has_five_seconds_and_not_one_more()
    {
        var dial = DialAsync();
        var quic = await _quic.NextAsync();

        _time.Advance(TimeSpan.FromSeconds(4.999));
        Assert.False(quic.Cancelled.IsCancellationRequested);
        Assert.Equal(0, _tls.Waiting);
        _time.Advance(TimeSpan.FromSeconds(0.001));

        var tunnel = new FakeTunnel();
        (await _tls.NextAsync()).Connect(tunnel);
        var outcome = await dial.Soon();
        Assert.Same(tunnel, outcome.Result.Tunnel);
        Assert.Equal("quicTimedOut", outcome.Choice.Word);
        Assert.Contains("UDP port 8443", outcome.Choice.Detail);
        Assert.True(quic.Cancelled.IsCancellationRequested);
    }

    [Theory]
    [InlineData(DialFailureKind.Unreachable, "quicUnreachable")]
    [InlineData(DialFailureKind.Timeout, "quicTimedOut")]
    [InlineData(DialFailureKind.TlsFailed, "quicFailed")]
    [InlineData(DialFailureKind.ProtocolError, "quicFailed")]
    public async Task Where_quic_does_not_get_through_tls_follows_without_a_wait(DialFailureKind kind, string reason)
    {
        var dial = DialAsync();
        (await _quic.NextAsync()).Fail(kind, "of this");
        (await _tls.NextAsync()).Connect(new FakeTunnel());
        var outcome = await dial.Soon();
        Assert.Equal((reason, "of this"), (outcome.Choice.Word, outcome.Choice.Detail));
    }

    [Theory]
    [InlineData(DialFailureKind.WrongCertificate)]
    [InlineData(DialFailureKind.Unauthorized)]
    [InlineData(DialFailureKind.Busy)]
    public async Task A_hub_that_has_spoken_is_not_asked_again_over_tls(DialFailureKind kind)
    {
        var dial = DialAsync();
        (await _quic.NextAsync()).Fail(kind);
        Assert.Equal(kind, (await dial.Soon()).Result.Failure!.Kind);
        Assert.Equal(0, _tls.Waiting);
    }

    [Fact]
    public async Task When_both_fail_both_are_told()
    {
        var dial = DialAsync();
        (await _quic.NextAsync()).Fail(DialFailureKind.Timeout, "no datagram came back");
        (await _tls.NextAsync()).Fail(DialFailureKind.Unreachable, "connection refused");
        var failure = (await dial.Soon()).Result.Failure!;
        Assert.Equal(DialFailureKind.Unreachable, failure.Kind);
        Assert.Contains("connection refused", failure.Message);
        Assert.Contains("no datagram came back", failure.Message);
    }

    [Fact]
    public async Task A_single_transport_has_no_deadline_of_its_own()
    {
        var selector = TransportSelector.Only(Dialer(_quic), TransportChoice.Configured, _time, NullLogger.Instance);
        var dial = selector.DialAsync(8443, Request(), TestContext.Current.CancellationToken);
        var quic = await _quic.NextAsync();
        _time.Advance(TransportSelector.QuicDeadline * 2);
        quic.Connect(new FakeTunnel { Kind = TransportKind.Quic });
        Assert.Equal("configured", (await dial.Soon()).Choice.Word);
        Assert.False(selector.PrefersOtherThan(TransportKind.TcpTls));
    }

    [Fact]
    public async Task Quic_is_tried_again_every_ten_minutes_until_it_holds()
    {
        using var stop = new CancellationTokenSource();
        var better = _selector.AwaitQuicAsync(8443, Request, stop.Token);
        foreach (var kind in (DialFailureKind[])[DialFailureKind.Unreachable, DialFailureKind.WrongCertificate])
        {
            await WaitForPauseAsync();
            _time.Advance(QuicReturn.Interval - TimeSpan.FromTicks(1));
            Assert.Equal(0, _quic.Waiting);
            _time.Advance(TimeSpan.FromTicks(1));
            (await _quic.NextAsync()).Fail(kind);
        }

        await WaitForPauseAsync();
        _time.Advance(QuicReturn.Interval);
        var tunnel = new FakeTunnel { Kind = TransportKind.Quic };
        (await _quic.NextAsync()).Connect(tunnel);
        Assert.Same(tunnel, (await better.Soon()).Result.Tunnel);
        Assert.Equal(0, _tls.Waiting);
    }

    [Fact]
    public async Task A_change_of_the_machines_addresses_brings_the_next_try_at_once()
    {
        using var stop = new CancellationTokenSource();
        var better = _selector.AwaitQuicAsync(8443, Request, stop.Token);
        await WaitForPauseAsync();
        _selector.OnNetworkChanged();
        await Eventually.IsTrueAsync(() => _time.UntilNext == ChangePace.FirstPause, "the pause after the change");
        _time.Advance(ChangePace.FirstPause);
        var failing = await _quic.NextAsync();

        // What changes during a try is a reason for another one.
        _selector.OnNetworkChanged();
        failing.Fail(DialFailureKind.Unreachable);
        await Eventually.IsTrueAsync(() => _time.UntilNext == ChangePace.FirstPause * 2, "the pause after the next change");
        _time.Advance(ChangePace.FirstPause * 2);
        var tunnel = new FakeTunnel { Kind = TransportKind.Quic };
        (await _quic.NextAsync()).Connect(tunnel);
        Assert.Same(tunnel, (await better.Soon()).Result.Tunnel);
    }

    [Fact]
    public async Task A_change_while_the_hub_is_dialled_over_tls_instead_counts_too()
    {
        var dial = DialAsync();
        (await _quic.NextAsync()).Fail(DialFailureKind.Unreachable);
        var tls = await _tls.NextAsync();
        _selector.OnNetworkChanged();
        tls.Connect(new FakeTunnel());
        await dial.Soon();

        using var stop = new CancellationTokenSource();
        var better = _selector.AwaitQuicAsync(8443, Request, stop.Token);
        await Eventually.IsTrueAsync(() => _time.UntilNext == ChangePace.FirstPause, "the pause after the change");
        _time.Advance(ChangePace.FirstPause);
        (await _quic.NextAsync()).Connect(new FakeTunnel { Kind = TransportKind.Quic });
        await better.Soon();
    }

    [Fact]
    public async Task A_stop_ends_the_dial()
    {
        using var stop = new CancellationTokenSource();
        var dial = _selector.DialAsync(8443, Request(), stop.Token);
        await _quic.NextAsync();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dial.Soon());
        Assert.Equal(0, _tls.Waiting);
    }

    // The wait is known by its length, since the limit of the dial before may still be counted for a moment.
    private Task WaitForPauseAsync() =>
        Eventually.IsTrueAsync(() => _time.UntilNext == QuicReturn.Interval, "the wait between two tries");

    private Task<DialOutcome> DialAsync() => _selector.DialAsync(8443, Request(), TestContext.Current.CancellationToken);

    private HubDialer Dialer(FakeDialer dialer) => new(dialer, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]), _time);

    private static DialRequest Request() => new()
    {
        Address = new IPEndPoint(IPAddress.None, 8443),
        HostName = "hub.example",
        EdgeId = "edge",
        Secret = "a-secret-of-the-edge",
        Hello = new Hello { Instance = "0123" },
        Handler = null!,
    };
}
