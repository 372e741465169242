using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Configuring;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Ports;
using Tunnel.Edge.Status;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Sockets;
using Tunnel.TestUtilities;

namespace Tunnel.Edge.UnitTests.Ports;

public sealed class PortListenersTests : IDisposable
{
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(30);
    private static readonly PortKey Web = PortKey.Tcp(80);
    private static readonly PortKey Secure = PortKey.Tcp(443);
    private static readonly PortKey Names = PortKey.Udp(53);

    private readonly ManualTimeProvider _time = new();
    private readonly FakeBinder _binder = new();
    private readonly PortListeners _listeners;
    private int _changes;

    public PortListenersTests()
    {
        _listeners = new PortListeners(_binder, new PortLimit(PlentyOfDescriptors.Guard), Drain, _time, NullLogger.Instance);
        _listeners.Changed += _ => _changes++;
    }

    public void Dispose() => _listeners.Dispose();

    [Fact]
    public void A_port_in_both_configurations_keeps_its_listener()
    {
        _listeners.Apply(PortSet.Of([Web, Secure]));
        var web = _binder.Bound[Web];
        var secure = _binder.Bound[Secure];

        var state = _listeners.Apply(PortSet.Of([Web, Names]));

        Assert.Equal([Web, Names], state.Bound);
        Assert.Null(web.Closed);
        Assert.Same(web, _binder.Bound[Web]);
        Assert.Equal(Drain, secure.Closed);
        Assert.Equal([Web, Secure, Names], _binder.Tried);
    }

    [Fact]
    public void To_look_at_many_ports_again_and_again_makes_no_garbage()
    {
        _listeners.Apply(PortSet.Of([.. Enumerable.Range(1, 5000).Select(PortKey.Tcp)]));
        Assert.Null(_listeners.FindFault());
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(_listeners.FindFault());
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1024);

        // A change is seen.
        _binder.Bound[PortKey.Tcp(7)].Fault = "it sleeps";
        Assert.Equal("tcp/7: it sleeps", _listeners.FindFault());
        _listeners.Apply(PortSet.Of([Web]));
        Assert.Null(_listeners.FindFault());
        Assert.Equal(80, Assert.Single(_listeners.GetStatistics()).Port);
    }

    [Fact]
    public void A_port_with_another_policy_keeps_its_listener_and_one_with_another_address_does_not()
    {
        _listeners.Apply(PortSet.Of([Web, Secure]));
        var web = _binder.Bound[Web];
        var secure = _binder.Bound[Secure];
        var policies = new Dictionary<PortKey, EdgePortPolicy>
        {
            [Web] = new() { MaxConnections = 5 },
            [Secure] = new() { BindAddress = IPAddress.Loopback },
        };

        var state = _listeners.Apply(PortSet.Of([Web, Secure], port => policies[port]));

        Assert.Equal([Web, Secure], state.Bound);
        Assert.Null(web.Closed);
        Assert.Equal(5, web.Policy.MaxConnections);
        Assert.Equal(Drain, secure.Closed);
        Assert.Equal(IPAddress.Loopback, _binder.Bound[Secure].Policy.BindAddress);
    }

    [Fact]
    public void A_port_that_fails_is_told_and_the_others_are_bound()
    {
        _binder.Errors[Web] = "address in use";
        var state = _listeners.Apply(PortSet.Of([Web, Secure]));
        Assert.Equal([Secure], state.Bound);
        Assert.Equal("address in use", state.Failed[Web]);
    }

    [Fact]
    public void A_failed_port_is_tried_again_every_interval_and_told_when_it_changes()
    {
        _binder.Errors[Web] = "address in use";
        _listeners.Apply(PortSet.Of([Web]));

        _time.Advance(PortListeners.RetryInterval);
        Assert.Equal(2, _binder.Tried.Count);
        Assert.Equal(0, _changes);

        _binder.Errors[Web] = "permission denied";
        _time.Advance(PortListeners.RetryInterval);
        Assert.Equal(1, _changes);
        Assert.Equal("permission denied", _listeners.GetState().Failed[Web]);

        _binder.Errors.Clear();
        _time.Advance(PortListeners.RetryInterval);
        Assert.Equal(2, _changes);
        Assert.Equal([Web], _listeners.GetState().Bound);
        Assert.Empty(_listeners.GetState().Failed);

        _time.Advance(PortListeners.RetryInterval);
        Assert.Equal(4, _binder.Tried.Count);
    }

    [Fact]
    public void A_push_of_the_same_ports_tries_the_failed_ones_at_once()
    {
        _binder.Errors[Web] = "address in use";
        _listeners.Apply(PortSet.Of([Web]));
        _binder.Errors.Clear();
        Assert.Equal([Web], _listeners.Apply(PortSet.Of([Web])).Bound);
    }

    [Fact]
    public void A_failed_port_that_is_removed_is_forgotten()
    {
        _binder.Errors[Web] = "address in use";
        _listeners.Apply(PortSet.Of([Web]));
        Assert.Empty(_listeners.Apply(PortSet.Empty).Failed);
        _time.Advance(PortListeners.RetryInterval);
        Assert.Single(_binder.Tried);
    }

    [Fact]
    public void All_ports_of_both_protocols_are_bound_up_to_the_limit_and_the_rest_is_told_as_two_ranges_in_three_lines()
    {
        using var descriptors = new DescriptorGuard(() => 1024, _time);
        var log = new CountingLogger();
        using var listeners = new PortListeners(_binder, new PortLimit(descriptors), Drain, _time, log);
        listeners.Changed += _ => _changes++;
        var numbers = Enumerable.Range(1, 65535);

        var state = listeners.Apply(PortSet.Of([.. numbers.Select(PortKey.Tcp), .. numbers.Select(PortKey.Udp)]));

        Assert.Equal(384, state.Bound.Length);
        var reason = "over this edge's limit of 384 ports: half of its file descriptors (LimitNOFILE)";
        Assert.Equal([new EdgePortFailure(385, "tcp", reason, 65535), new EdgePortFailure(1, "udp", reason, 65535)], state.ToFailures());
        Assert.Equal(
            [new FailedPort(385, "tcp", reason, 65535), new FailedPort(1, "udp", reason, 65535)], PortReport.Create(1, state).Failed);
        Assert.Equal(
            ["Listening on tcp/1-384", $"Can't listen on tcp/385-65535: {reason}", $"Can't listen on udp/1-65535: {reason}"], log.Lines);

        // Nothing is logged again, and room that is made is used.
        _time.Advance(PortListeners.RetryInterval);
        Assert.Equal((3, 0), (log.Lines.Count, _changes));
        state = listeners.Apply(PortSet.Of(numbers.Skip(10).Select(PortKey.Tcp)));
        Assert.Equal(384, state.Bound.Length);
        Assert.Equal("No longer listening on tcp/1-10; what is open has 30 s to finish (connections: 0)", log.Lines[3]);
        Assert.Equal(["Listening on tcp/385-394"], log.Lines[4..]);
    }

    [Fact]
    public void Closing_closes_every_port_with_the_given_drain()
    {
        _listeners.Apply(PortSet.Of([Web, Names]));
        _listeners.CloseAll(TimeSpan.FromSeconds(3));
        Assert.All(_binder.Bound.Values, port => Assert.Equal(TimeSpan.FromSeconds(3), port.Closed));
        Assert.Empty(_listeners.GetState().Bound);
    }

    private sealed class CountingLogger : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));
    }
}
