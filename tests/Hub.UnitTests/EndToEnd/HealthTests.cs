using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.UnitTests.Admin;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Sockets;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.EndToEnd;

/// <summary>A whole hub in this process tells the watchdog and /readyz how it is.</summary>
public sealed class HealthTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly ManualTimeProvider _time = new();
    private readonly TunnelHub _hub;

    public HealthTests() => _hub = new TunnelHub(
        new TunnelHubOptions
        {
            TunnelPort = 0,
            BindAddress = "127.0.0.1",
            StateDir = _directory.File("state"),
            Quic = false,
        },
        NullLoggerFactory.Instance,
        _time);

    public async ValueTask InitializeAsync() => await _hub.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_hub_that_runs_has_no_fault_and_one_that_is_stopped_is_not_ready()
    {
        Assert.Null(await _hub.FindFaultAsync().WaitAsync(Patience.Limit));
        await _hub.StopAsync(TimeSpan.Zero);
        Assert.Equal("the hub is not running", await _hub.FindFaultAsync().WaitAsync(Patience.Limit));
    }

    [Fact]
    public async Task A_hub_that_has_drained_can_still_be_asked_and_is_well_and_not_ready()
    {
        (string? Fault, string? Unready, bool Running) seen = default;
        _hub.BeforeClosing = async () =>
            seen = (await _hub.FindFaultAsync(), await _hub.FindUnreadinessAsync(), _hub.GetStatus().Running);
        await _hub.StopAsync(TimeSpan.Zero);
        Assert.Equal((null, "it is stopping", true), seen);
    }

    [Fact]
    public async Task An_event_loop_that_hangs_is_a_fault_until_it_goes_on()
    {
        // The gate is not disposed of: the loop may come to it late, and a loop's exception ends the process.
        var gate = new ManualResetEventSlim();
        try
        {
            // The loops are shared by the whole process, so that other tests wait for them meanwhile.
            EventLoops.Next().Post(gate.Wait);
            using var limit = new CancellationTokenSource(Patience.Limit);
            string? fault;
            do
            {
                // This clock may run away from a busy machine, on which other parts then seem to be late for once.
                limit.Token.ThrowIfCancellationRequested();
                fault = await FindAsync();
            }
            while (fault?.Contains("event loop", StringComparison.Ordinal) != true);
        }
        finally
        {
            gate.Set();
        }

        Assert.Null(await _hub.FindFaultAsync().WaitAsync(Patience.Limit));
    }

    [Fact]
    public async Task While_an_event_loop_hangs_the_watchdog_is_not_fed_and_readyz_fails()
    {
        await using var admin = await AdminFixture.StartAsync();
        admin.FindFault = _hub.FindFaultAsync;
        var notifier = new Watchdog();
        var hangs = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // This one is not disposed of either, for the same reason.
        var gate = new ManualResetEventSlim();
        try
        {
            EventLoops.Next().Post(() =>
            {
                hangs.SetResult();
                gate.Wait();
            });
            await hangs.Task.WaitAsync(Patience.Limit);
            using var beat = Beat(notifier);
            for (var i = 0; i < 3; i++)
            {
                var (status, problem) = await WhileTimePassesAsync(admin.SendAsync(HttpMethod.Get, "readyz"));
                Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
                Assert.StartsWith("The hub is not ready: ", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
            }

            Assert.Equal(0, notifier.Fed);
            gate.Set();
            using var limit = new CancellationTokenSource(Patience.Limit);
            while (notifier.Fed == 0)
            {
                limit.Token.ThrowIfCancellationRequested();
                await PassAsync();
            }
        }
        finally
        {
            gate.Set();
        }

        Assert.Equal(HttpStatusCode.OK, (await admin.SendAsync(HttpMethod.Get, "readyz")).Status);
    }

    private ServiceHeartbeat Beat(IServiceNotifier notifier) => new(
        new ServiceDefinition
        {
            Name = "tunnel-hub",
            StartAsync = _ => Task.CompletedTask,
            StopAsync = _ => Task.CompletedTask,
            Status = () => "",
            FindFaultAsync = _ => _hub.FindFaultAsync(),
        },
        notifier,
        NullLogger.Instance,
        _time);

    private Task<string?> FindAsync() => WhileTimePassesAsync(_hub.FindFaultAsync());

    private async Task<T> WhileTimePassesAsync<T>(Task<T> task)
    {
        while (!task.IsCompleted)
            await PassAsync();
        return await task;
    }

    private async Task PassAsync()
    {
        _time.Advance(TimeSpan.FromMilliseconds(100));
        await Task.Yield();
    }

    /// <summary>Counts how often the watchdog is fed.</summary>
    private sealed class Watchdog : IServiceNotifier
    {
        private int _fed;

        public int Fed => Volatile.Read(ref _fed);

        public TimeSpan? WatchdogInterval => TimeSpan.FromSeconds(10);

        void IServiceNotifier.Ready(string status)
        {
        }

        void IServiceNotifier.Status(string status)
        {
        }

        void IServiceNotifier.Stopping(string status)
        {
        }

        void IServiceNotifier.MainProcess(int id)
        {
        }

        void IServiceNotifier.Watchdog() => Interlocked.Increment(ref _fed);
    }
}
