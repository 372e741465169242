using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// Runs a service in the foreground until SIGTERM or SIGINT. The first signal stops it in order (exit code 0); a second one ends the
/// process at once with 128 plus the signal's number. What follows within <see cref="Echo"/> is the first one told twice, as timeout(1) and
/// shells do, who send it to the process and to its group. Call <see cref="InheritedSignals.HeedInterrupt"/> before anything else.
/// </summary>
public sealed class ServiceRunner(IServiceNotifier notifier, ILogger logger, TimeProvider time)
{
    private const long NoSignal = -1;
    private const string HandOver = "hand-over";

    // Nobody notices this limit; it keeps a stream that never ends from keeping a process that nobody needs.
    private static readonly TimeSpan ReplacedLimit = TimeSpan.FromDays(1);

    private readonly TaskCompletionSource<string> _stopAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopToken = new();
    private string _name = "";
    private TimeSpan _drain;
    private int _isEnding;
    private long _firstSignal = NoSignal;

    // Only what asks first counts: a process that stops is not replaced, and one that is replaced is not stopped.
    private bool IsReplaced => _stopAsked.Task is { IsCompletedSuccessfully: true, Result: HandOver };

    /// <summary>How long after the first signal another one still counts as the same.</summary>
    internal static readonly TimeSpan Echo = TimeSpan.FromMilliseconds(250);

    /// <summary>Ends the process on a second signal; a test replaces it.</summary>
    internal Action<int> Exit { get; init; } = Environment.Exit;

    /// <summary>Starts the service, waits for a signal, and stops it.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public async Task<int> RunAsync(ServiceDefinition service)
    {
        _name = service.Name;
        _drain = service.DrainTimeout;
        RuntimeThreads.MakeEarly();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        if (await StartAsync(service).ConfigureAwait(false) is { } startFailure)
        {
            return startFailure;
        }

        using var beat = new ServiceHeartbeat(service, notifier, logger, time);
        using var reclaim = new MemoryReclaim(new ProcessMemory(service.ReleaseMemory), time);
        var failed = await WaitAsync(service).ConfigureAwait(false);
        if (IsReplaced)
            beat.Dispose();
        return await StopAsync(service, failed).ConfigureAwait(false);
    }

    /// <summary>
    /// Lets another process be the service from now on. This one ends when nothing is open any more; after a signal it takes at most as
    /// long as at any other stop.
    /// </summary>
    /// <param name="processId">The id of the other process.</param>
    /// <returns>False when this process stops already; then the other one can't follow it.</returns>
    public bool ReplaceBy(int processId)
    {
        if (!_stopAsked.TrySetResult(HandOver))
            return false;
        notifier.MainProcess(processId);
        return true;
    }

    /// <summary>Handles a signal; a test calls it directly.</summary>
    internal void Signal(string name, int number)
    {
        if (IsReplaced && Interlocked.Exchange(ref _isEnding, 1) == 0)
        {
            EndAfterDrainAsync().Guard("ending a process that was replaced");
            return;
        }

        var first = Interlocked.CompareExchange(ref _firstSignal, time.GetTimestamp(), NoSignal);
        if (_stopAsked.TrySetResult(name))
        {
            _stopToken.Cancel();
        }
        else if (first == NoSignal || time.GetElapsedTime(first) >= Echo)
        {
            HostingLog.Forced(logger, _name, name);
            Exit(ExitCodes.Signalled(number));
        }
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        Signal(context.Signal.ToString(), context.Signal == PosixSignal.SIGINT ? 2 : 15);
    }

    private async Task EndAfterDrainAsync()
    {
        await Task.Delay(_drain, time).ConfigureAwait(false);
        Exit(ExitCodes.Fine);
    }

    // The result is null when the service runs, else the exit code.
    private async Task<int?> StartAsync(ServiceDefinition service)
    {
        try
        {
            await service.StartAsync(_stopToken.Token).ConfigureAwait(false);
            var status = service.Status();
            notifier.Ready(status);
            HostingLog.Ready(logger, service.Name, status);
            return null;
        }
        catch (OperationCanceledException) when (_stopToken.IsCancellationRequested)
        {
            await StopAsync(service, failed: false).ConfigureAwait(false);
            return ExitCodes.Fine;
        }
        catch (ConfigurationException error)
        {
            HostingLog.StartRefused(logger, service.Name, error.Message);
            return ExitCodes.Usage;
        }
        catch (OperatorException error)
        {
            HostingLog.StartRefused(logger, service.Name, error.Message);
            return ExitCodes.Failed;
        }
        catch (Exception error)
        {
            HostingLog.StartFailed(logger, error, service.Name);
            return ExitCodes.Failed;
        }
    }

    // The result is true when the service failed by itself.
    private async Task<bool> WaitAsync(ServiceDefinition service)
    {
        var ended = service.Completion is { } completion
            ? await Task.WhenAny(_stopAsked.Task, completion).ConfigureAwait(false)
            : await Task.WhenAny(_stopAsked.Task).ConfigureAwait(false);
        if (ended == _stopAsked.Task)
        {
            return false;
        }

        HostingLog.Failed(
            logger, ended.Exception as Exception ?? new InvalidOperationException("The service ended by itself."), service.Name);
        _stopAsked.TrySetResult("failure");
        return true;
    }

    private async Task<int> StopAsync(ServiceDefinition service, bool failed)
    {
        if (IsReplaced)
        {
            await service.LeaveAsync(ReplacedLimit).ConfigureAwait(false);
            HostingLog.Stopped(logger, service.Name);
            return ExitCodes.Fine;
        }

        notifier.Stopping("stopping");
        HostingLog.Stopping(logger, service.Name, await _stopAsked.Task.ConfigureAwait(false), service.DrainTimeout.TotalSeconds);
        try
        {
            await service.StopAsync(service.DrainTimeout).ConfigureAwait(false);
            HostingLog.Stopped(logger, service.Name);
            return failed ? ExitCodes.Failed : ExitCodes.Fine;
        }
        catch (Exception error)
        {
            HostingLog.Failed(logger, error, service.Name);
            return ExitCodes.Failed;
        }
    }
}
