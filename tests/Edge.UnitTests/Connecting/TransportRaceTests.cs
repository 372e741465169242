using Tunnel.Edge.Connecting;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Connecting;

/// <summary>QUIC and TLS are dialled beside each other, and QUIC is preferred.</summary>
public sealed class TransportRaceTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly TaskCompletionSource<DialResult> _quic = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<DialResult> _tls = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly FakeTunnel _overQuic = new() { Kind = TransportKind.Quic };
    private readonly FakeTunnel _overTls = new();
    private readonly Task<(DialResult? Quic, DialResult? Tls)> _race;
    private int _dialsOverTls;

    public TransportRaceTests() => _race = new TransportRace(_time).RunAsync(
        _ => _quic.Task,
        _ =>
        {
            _dialsOverTls++;
            return _tls.Task;
        },
        static kind => kind == DialFailureKind.Unreachable, TestContext.Current.CancellationToken);

    [Fact]
    public async Task Where_quic_gets_through_at_once_tls_is_not_dialled()
    {
        _quic.SetResult(Connected(_overQuic));

        Assert.Same(_overQuic, (await _race.Soon()).Quic?.Tunnel);
        Assert.Equal((0, 0), (_dialsOverTls, _time.WaitingTimers));
    }

    [Theory]
    [InlineData(DialFailureKind.Unreachable, 1)]
    [InlineData(DialFailureKind.WrongCertificate, 0)]
    public async Task Tls_follows_a_failure_of_quic_at_once_unless_the_hub_has_refused(DialFailureKind kind, int dials)
    {
        _quic.SetResult(DialResult.Failed(kind, "failed by the test"));
        _tls.SetResult(Connected(_overTls));

        var (quic, tls) = await _race.Soon();

        Assert.Equal(kind, quic?.Failure?.Kind);
        Assert.Equal(dials == 1 ? _overTls : null, tls?.Tunnel);
        Assert.Equal(dials, _dialsOverTls);
    }

    [Fact]
    public async Task Where_quic_does_not_get_through_tls_wins_and_a_late_tunnel_over_quic_is_closed()
    {
        await PassAsync(TransportRace.Lead);
        _tls.SetResult(Connected(_overTls));
        await PassAsync(TransportRace.Grace);

        var (quic, tls) = await _race.Soon();

        Assert.Null(quic);
        Assert.Same(_overTls, tls?.Tunnel);
        _quic.SetResult(Connected(_overQuic));
        await Eventually.IsTrueAsync(() => _overQuic.Disposed, "the late tunnel is closed");
        Assert.False(_overTls.Disposed);
    }

    [Fact]
    public async Task Where_both_get_through_it_is_quic()
    {
        await PassAsync(TransportRace.Lead);
        _tls.SetResult(Connected(_overTls));
        await Eventually.IsTrueAsync(() => _time.UntilNext == TransportRace.Grace, "the rest of QUIC's time");
        _quic.SetResult(Connected(_overQuic));

        Assert.Same(_overQuic, (await _race.Soon()).Quic?.Tunnel);
        await Eventually.IsTrueAsync(() => _overTls.Disposed, "the tunnel over TLS is closed");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failure_of_tls_leaves_quic_all_its_time(bool connects)
    {
        await PassAsync(TransportRace.Lead);
        _tls.SetResult(DialResult.Failed(DialFailureKind.Timeout, "failed by the test"));
        Assert.Equal(0, _time.WaitingTimers);
        Assert.False(_race.IsCompleted);
        _quic.SetResult(connects ? Connected(_overQuic) : DialResult.Failed(DialFailureKind.Unreachable, "failed by the test"));

        var (quic, tls) = await _race.Soon();

        Assert.Equal(connects ? _overQuic : null, quic?.Tunnel);
        Assert.Equal(connects ? null : DialFailureKind.Timeout, tls?.Failure?.Kind);
    }

    private static DialResult Connected(FakeTunnel tunnel) => DialResult.Connected(tunnel, new());

    private async Task PassAsync(TimeSpan pause)
    {
        await Eventually.IsTrueAsync(() => _time.UntilNext == pause, $"a pause of {pause}");
        _time.Advance(pause);
    }
}
