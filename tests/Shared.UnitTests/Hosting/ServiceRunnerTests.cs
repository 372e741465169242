using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Hosting;

public sealed class ServiceRunnerTests
{
    private readonly RecordingNotifier _notifier = new();
    private readonly List<int> _exits = [];
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task Is_ready_after_the_start_and_stops_in_order_on_a_signal()
    {
        var drained = TimeSpan.Zero;
        var runner = Runner();
        var running = runner.RunAsync(Service() with
        {
            DrainTimeout = TimeSpan.FromSeconds(7),
            StopAsync = drain =>
            {
                drained = drain;
                return Task.CompletedTask;
            },
        });
        Assert.Equal("READY fine", await _notifier.NextAsync());

        runner.Signal("SIGTERM", 15);

        Assert.Equal(ExitCodes.Fine, await running);
        Assert.Equal("STOPPING", await _notifier.NextAsync());
        Assert.Equal(TimeSpan.FromSeconds(7), drained);
        Assert.Empty(_exits);
    }

    [Theory]
    [InlineData(15, 143)]
    [InlineData(2, 130)]
    public async Task A_second_signal_ends_the_process_at_once(int signal, int exitCode)
    {
        var endless = new TaskCompletionSource();
        var runner = Runner();
        var running = runner.RunAsync(Service() with { StopAsync = _ => endless.Task });
        await _notifier.NextAsync();

        runner.Signal("first", 15);
        Assert.Equal("STOPPING", await _notifier.NextAsync());
        // timeout(1) sends its signal to the process and to its group: that is one wish to stop, not two.
        runner.Signal("echo", 15);
        _time.Advance(ServiceRunner.Echo - TimeSpan.FromMilliseconds(1));
        runner.Signal("echo", 15);
        Assert.Empty(_exits);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        runner.Signal("second", signal);

        Assert.Equal([exitCode], _exits);
        endless.SetResult();
        await running;
    }

    [Fact]
    public async Task A_signal_during_the_start_cancels_it()
    {
        var runner = Runner();
        var running = runner.RunAsync(Service() with { StartAsync = token => Task.Delay(Timeout.Infinite, token) });

        runner.Signal("SIGTERM", 15);

        Assert.Equal(ExitCodes.Fine, await running);
        Assert.Equal("STOPPING", await _notifier.NextAsync());
    }

    public static TheoryData<Exception, int> StartFailures() => new()
    {
        { new ConfigurationException([new ConfigurationError("tunnelPort", "x", "must be a port")]), ExitCodes.Usage },
        { new OperatorException("port 8443 is in use"), ExitCodes.Failed },
        { new InvalidOperationException("a bug"), ExitCodes.Failed },
    };

    [Theory]
    [MemberData(nameof(StartFailures))]
    public async Task A_start_that_fails_says_so_in_the_exit_code(Exception failure, int exitCode) =>
        Assert.Equal(exitCode, await Runner().RunAsync(Service() with { StartAsync = _ => Task.FromException(failure) }));

    [Fact]
    public async Task A_service_that_ends_by_itself_has_failed()
    {
        var stopped = false;
        var code = await Runner().RunAsync(Service() with
        {
            Completion = Task.FromException(new InvalidOperationException("gone")),
            StopAsync = _ =>
            {
                stopped = true;
                return Task.CompletedTask;
            },
        });

        Assert.Equal(ExitCodes.Failed, code);
        Assert.True(stopped);
    }

    [Fact]
    public async Task A_stop_that_fails_is_a_failure()
    {
        var runner = Runner();
        var running = runner.RunAsync(Service() with { StopAsync = _ => Task.FromException(new IOException("disk")) });
        await _notifier.NextAsync();

        runner.Signal("SIGTERM", 15);

        Assert.Equal(ExitCodes.Failed, await running);
    }

    [Fact]
    public async Task A_process_that_stops_is_not_replaced_meanwhile()
    {
        var drained = new TaskCompletionSource();
        var runner = Runner();
        var running = runner.RunAsync(Service() with
        {
            StopAsync = _ => drained.Task,
            LeaveAsync = _ => Task.FromException(new InvalidOperationException("It stops.")),
        });
        await _notifier.NextAsync();
        runner.Signal("SIGTERM", 15);
        Assert.Equal("STOPPING", await _notifier.NextAsync());

        Assert.False(runner.ReplaceBy(7));
        _time.Advance(ServiceRunner.Echo);
        runner.Signal("SIGTERM", 15);
        Assert.Equal([143], _exits);
        drained.SetResult();
        Assert.Equal(ExitCodes.Fine, await running);
    }

    private static ServiceDefinition Service() => new()
    {
        Name = "tunnel-test",
        StartAsync = _ => Task.CompletedTask,
        StopAsync = _ => Task.CompletedTask,
        Status = () => "fine",
    };

    private ServiceRunner Runner() => new(_notifier, NullLogger.Instance, _time) { Exit = _exits.Add };
}
