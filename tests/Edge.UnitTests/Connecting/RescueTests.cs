using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Connecting;

/// <summary>A tunnel is made beside one whose hub does not answer.</summary>
public sealed class RescueTests : IAsyncDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);

    private readonly ManualTimeProvider _time = new();
    private readonly FakeDialer _dialer = new();
    private readonly CancellationTokenSource _stop = new();
    private IPAddress[] _addresses = [IPAddress.Loopback];
    private readonly TunnelConnector _connector;
    private readonly Task _loop;
    private FakeDialer.Dial? _first;

    public RescueTests()
    {
        var pins = new PinStore(null, [], NullLogger.Instance);
        var hub = new HubDialer(_dialer, (_, _) => Task.FromResult(_addresses), _time);
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
            options, new HubRenewals(null, options, NullLogger.Instance),
            TransportSelector.Only(hub, TransportChoice.Configured, _time, NullLogger.Instance), pins,
            new ConfigInbox(), new IgnoringObserver(), () => 0.5, _time, NullLogger.Instance);
        _loop = Task.Run(() => _connector.RunAsync(_stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.Soon();
        _stop.Dispose();
    }

    [Fact]
    public async Task One_that_stays_silent_is_replaced_and_keeps_its_streams()
    {
        var silent = await ConnectAsync();
        var dial = await DoubtAsync(silent);
        Assert.Equal(1280, dial.Request.MaxPacket);
        var next = new FakeTunnel();
        dial.Connect(next);

        await PassAsync(() => next.Started);

        Assert.Same(next, _connector.Current);
        Assert.Equal(1280, _connector.MaxPacket);
        Assert.Equal(GoAway.Replaced, await silent.NextGoAwayAsync());
        Assert.False(silent.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_later_connection_of_a_tunnel_has_the_packets_that_are_right_then()
    {
        var silent = await ConnectAsync();
        var dial = await DoubtAsync(silent);
        dial.Connect(new FakeTunnel());
        await PassAsync(() => _connector.MaxPacket is not null);

        var first = _first!.Request;
        Assert.Null(first.MaxPacket);
        Assert.Equal(1280, first.Renew!(first).MaxPacket);
        Assert.Equal(first.Secret, first.Renew(first).Secret);
    }

    [Fact]
    public async Task One_that_comes_back_stays_and_the_other_is_never_started()
    {
        var old = await ConnectAsync();
        var dial = await DoubtAsync(old);
        old.IsInDoubt = false;
        var other = new FakeTunnel();
        dial.Connect(other);

        await PassAsync(() => other.Disposed);

        Assert.False(other.Started);
        Assert.Same(old, _connector.Current);
        Assert.Null(_connector.MaxPacket);
    }

    [Fact]
    public async Task While_the_path_is_cut_it_is_tried_again_and_again()
    {
        var silent = await ConnectAsync();
        (await DoubtAsync(silent)).Fail(DialFailureKind.Timeout);
        await PassAsync(() => _dialer.Waiting > 0);
        var next = new FakeTunnel();
        (await _dialer.NextAsync()).Connect(next);
        await PassAsync(() => next.Started);

        // The first try had small packets too, so it is not the large ones that are swallowed.
        Assert.Null(_connector.MaxPacket);
    }

    [Theory]
    [InlineData("silent")]
    [InlineData("lost")]
    [InlineData("ended")]
    public async Task Where_the_name_has_several_addresses_the_one_of_what_is_open_is_dialled_first(string tunnelIs)
    {
        var own = new IPEndPoint(IPAddress.Parse("192.0.2.2"), 8443);
        var tunnel = await ConnectAsync(new FakeTunnel { RemoteEndPoint = own, StreamsToMove = 3 });
        _addresses = [IPAddress.Parse("192.0.2.1"), own.Address];
        switch (tunnelIs)
        {
            case "silent":
                tunnel.IsInDoubt = true;
                ((ITunnelHandler)_connector).OnDoubt(tunnel);
                break;
            case "lost":
                tunnel.IsLost = true;
                ((ITunnelHandler)_connector).OnLost(tunnel, new TunnelEnd(TunnelEndKind.ConnectionLost, "cut"));
                break;
            default:
                tunnel.Lose();
                break;
        }

        await PassAsync(() => _dialer.Waiting > 0);
        Assert.Equal(own, (await _dialer.NextAsync()).Request.Address);
    }

    [Theory]
    [InlineData(0, 1_280)]
    [InlineData(100, 1_280)]
    [InlineData(4_000, 1_280)]
    [InlineData(5_000, null)]
    public async Task Only_a_dial_that_does_not_wait_for_the_path_tells_that_large_packets_are_swallowed(int milliseconds, int? size)
    {
        var silent = await ConnectAsync(new FakeTunnel { RoundTripTime = TimeSpan.FromMilliseconds(400) });
        var dial = await DoubtAsync(silent);
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        var next = new FakeTunnel();
        dial.Connect(next);
        await PassAsync(() => next.Started);

        Assert.Equal(size, _connector.MaxPacket);
    }

    [Fact]
    public async Task Who_is_stuck_again_at_once_gets_the_smallest_packets()
    {
        var silent = await ConnectAsync();
        var second = new FakeTunnel();
        (await DoubtAsync(silent)).Connect(second);
        await PassAsync(() => second.Started);

        Assert.Equal(596, (await DoubtAsync(second)).Request.MaxPacket);
    }

    [Theory]
    [InlineData(true, 1_280)]
    [InlineData(false, null)]
    public async Task How_long_a_hub_takes_that_dials_itself_tells_nothing_of_the_path(bool hubDials, int? size)
    {
        var dialer = new FakeDialer();
        var hub = new HubDialer(dialer, (_, _) => Task.FromResult(_addresses), _time);
        var (path, old) = (new PathLimit(_time), new FakeTunnel { IsInDoubt = true });
        var rescue = new Rescue(
            hubDials
                ? TransportSelector.Awaiting(hub, _time, NullLogger.Instance)
                : TransportSelector.Only(hub, TransportChoice.Configured, _time, NullLogger.Instance),
            path, _time, NullLogger.Instance);
        var request = (await _dialer.NextAsync()).Request;

        var rescuing = rescue.AwaitAsync(new HubTunnel(old, default, 0), 8443, () => request, TestContext.Current.CancellationToken);
        var dial = await dialer.NextAsync();
        _time.Advance(TimeSpan.FromSeconds(10));
        dial.Connect(new FakeTunnel());
        await PassAsync(() => rescuing.IsCompleted);

        Assert.Equal(size, path.MaxPacket);
    }

    [Fact]
    public void A_limit_is_forgotten_after_an_hour_and_a_cut_much_later_does_not_lower_it()
    {
        var limit = new PathLimit(_time);
        Assert.Equal((null, 1280), (limit.MaxPacket, limit.Next));
        limit.Set(1280);
        Assert.Equal((1280, 596), (limit.MaxPacket, limit.Next));
        _time.Advance(PathLimit.SoonAgain);
        Assert.Equal((1280, 1280), (limit.MaxPacket, limit.Next));
        _time.Advance(PathLimit.Lifetime);
        Assert.Null(limit.MaxPacket);
    }

    private async Task<FakeTunnel> ConnectAsync(FakeTunnel? tunnel = null)
    {
        tunnel ??= new FakeTunnel();
        _first = await _dialer.NextAsync();
        _first.Connect(tunnel);
        await PassAsync(() => _connector.Status.Connected);
        return tunnel;
    }

    private async Task<FakeDialer.Dial> DoubtAsync(FakeTunnel tunnel)
    {
        tunnel.IsInDoubt = true;
        ((ITunnelHandler)_connector).OnDoubt(tunnel);
        return await _dialer.NextAsync();
    }

    // Moves the clock for as long as it takes others to notice.
    private Task PassAsync(Func<bool> until) => Eventually.IsTrueAsync(
        () =>
        {
            if (until())
                return true;
            _time.Advance(Step);
            return false;
        },
        "what time brings");
}
