using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Sockets;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.EndToEnd;

/// <summary>What the watchdog and /readyz are told by a whole hub in this process.</summary>
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
    public async Task An_event_loop_that_hangs_is_a_fault_until_it_goes_on()
    {
        // Not disposed of: the loop may come to it late, and a loop's exception ends the process.
        var gate = new ManualResetEventSlim();
        try
        {
            // The loops are the process's: other tests wait for them during this.
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

    private async Task<string?> FindAsync()
    {
        var finding = _hub.FindFaultAsync();
        while (!finding.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        return await finding;
    }
}
