using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Forwarding.Entering;
using Tunnel.Hub.Hooks;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Hub.UnitTests.Forwarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Hooks;

public sealed class HookTests
{
    [Fact]
    public async Task A_refused_client_is_reset_and_counted_and_no_upstream_is_asked()
    {
        using var hub = new ForwardingFixture(new FakeConnector());
        using var hook = hub.Hooks.Add(new Decides(_ => ConnectionDecision.Refuse("no")));
        hub.ConnectEdge(new PortPolicyDefinition());
        Assert.Equal(ResetReason.Policy, await hub.OpenStream().ResetAsync());
        Assert.Equal(1, hub.Streams.Failures.Snapshot()["hookRefused"]);
        Assert.True(hub.Traffic.Ports.Single().Health.IsHealthy);
    }

    [Fact]
    public async Task A_hook_that_throws_costs_its_client_the_connection_and_nobody_else()
    {
        using var hub = new ForwardingFixture(new FakeConnector());
        hub.ConnectEdge(new PortPolicyDefinition());
        using (hub.Hooks.Add(new Decides(_ => throw new InvalidOperationException("broken"))))
            Assert.Equal(ResetReason.Policy, await hub.OpenStream().ResetAsync());
        Assert.Equal(1, hub.Streams.Failures.Snapshot()["hookFailed"]);
        using (hub.Hooks.Add(new Decides(_ => ConnectionDecision.Refuse("no"))))
            Assert.Equal(ResetReason.Policy, await hub.OpenStream().ResetAsync());
        Assert.Equal(1, hub.Streams.Failures.Snapshot()["hookRefused"]);
    }

    [Fact]
    public async Task A_hook_that_takes_longer_than_a_second_refuses()
    {
        using var hub = new ForwardingFixture(new FakeConnector());
        var slow = new Slow();
        using var hook = hub.Hooks.Add(slow);
        hub.ConnectEdge(new PortPolicyDefinition());
        var stream = hub.OpenStream();
        var context = await slow.Asked.Task.WaitAsync(Patience.Limit);
        Assert.Equal((ForwardingFixture.Client, 80, "a", 32), (context.Client, context.Port, context.EdgeId, context.UniqueId.Length));

        hub.Time.Advance(TimeSpan.FromMilliseconds(990));
        Assert.False(stream.WasReset);
        hub.Time.Advance(TimeSpan.FromMilliseconds(20));
        Assert.Equal(ResetReason.Policy, await stream.ResetAsync());
        Assert.True(context.Aborted.IsCancellationRequested);
        Assert.Equal(1, hub.Streams.Failures.Snapshot()["hookTimeout"]);
    }

    [Fact]
    public async Task A_client_that_goes_meanwhile_is_counted_as_gone()
    {
        using var hub = new ForwardingFixture(new FakeConnector());
        var slow = new Slow();
        using var hook = hub.Hooks.Add(slow);
        hub.ConnectEdge(new PortPolicyDefinition());
        var stream = hub.OpenStream();
        await slow.Asked.Task.WaitAsync(Patience.Limit);
        stream.EndByPeer();
        await Eventually.IsTrueAsync(() => hub.Streams.Failures.Snapshot().ContainsKey("clientGone"), "the client is counted");
    }

    [Fact]
    public async Task Another_upstream_may_be_chosen()
    {
        var connector = new FakeConnector();
        using var hub = new ForwardingFixture(connector);
        using var hook = hub.Hooks.Add(new Decides(_ => ConnectionDecision.To("192.0.2.1", 99)));
        hub.ConnectEdge(new PortPolicyDefinition());
        hub.OpenStream();
        await Eventually.IsTrueAsync(() => connector.Asked == ("192.0.2.1", 99), "the other one is asked");
    }

    [Fact]
    public void Fields_are_bounded_and_those_of_the_hub_are_its_own()
    {
        var context = new ConnectionContext("id", "a", 1, null, null, default);
        Assert.Throws<ArgumentException>(() => context.AddTlv(0x05, "x"u8));
        Assert.Throws<ArgumentException>(() => context.AddTlv(0xE1, "x"u8));
        context.AddTlv(0xE8, new byte[1_000]);
        Assert.Throws<ArgumentException>(() => context.AddTlv(0xE9, new byte[19]));
        context.AddTlv(0xE9, new byte[18]);
        Assert.Equal([0xE8, 0xE9], context.Tlvs.Select(field => field.Type));
    }

    [Fact]
    public async Task Observers_see_the_first_16_KiB_of_each_direction_in_order()
    {
        var watcher = new Watches();
        var runner = new HookRunner(TimeProvider.System, NullLogger.Instance);
        var endpoint = new ObservedEndpoint(new Echo(), "id", [watcher], runner);
        for (var i = 0; i < 5; i++)
            Assert.Equal(5_000, endpoint.TryWrite(new byte[5_000]));
        Assert.Equal(LocalReadStatus.Data, endpoint.TryRead(new byte[100], out _));
        await Eventually.IsTrueAsync(() => watcher.Seen.Count == 5, "all is shown");
        Assert.Equal([(true, 0, 5_000), (true, 5_000, 5_000), (true, 10_000, 5_000), (true, 15_000, 1_384), (false, 0, 100)], watcher.Seen);
    }

    private sealed class Decides(Func<ConnectionContext, ConnectionDecision> decide) : IConnectionHook
    {
        public ValueTask<ConnectionDecision> OnConnectAsync(ConnectionContext context) => ValueTask.FromResult(decide(context));
    }

    private sealed class Slow : IConnectionHook
    {
        public TaskCompletionSource<ConnectionContext> Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async ValueTask<ConnectionDecision> OnConnectAsync(ConnectionContext context)
        {
            Asked.TrySetResult(context);
            await Task.Delay(Timeout.Infinite, context.Aborted);
            return ConnectionDecision.Allow;
        }
    }

    private sealed class Watches : IConnectionHook
    {
        public bool ObservesData => true;

        public List<(bool IsFromClient, int Offset, int Length)> Seen { get; } = [];

        public ValueTask OnDataAsync(ConnectionData data)
        {
            Seen.Add((data.IsFromClient, data.Offset, data.Bytes.Length));
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Echo : ILocalEndpoint
    {
        public void Start(ITunnelStream stream)
        {
        }

        public LocalReadStatus TryRead(Span<byte> buffer, out int count)
        {
            count = buffer.Length;
            return LocalReadStatus.Data;
        }

        public bool ArmRead() => true;

        public void ParkRead()
        {
        }

        public int TryWrite(ReadOnlySpan<byte> data) => data.Length;

        public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data) => ValueTask.FromResult(true);

        public void ShutdownWrite()
        {
        }

        public void Close()
        {
        }

        public void Reset(bool flush)
        {
        }
    }
}
