using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// While a service runs, feeds the watchdog as long as the service proves to be alive, and keeps the status line current.
/// </summary>
internal sealed class ServiceHeartbeat : IDisposable
{
    // How old the line that `systemctl status` shows may be.
    private static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(10);

    private readonly ServiceDefinition _service;
    private readonly IServiceNotifier _notifier;
    private readonly ILogger _logger;
    private readonly TimeSpan _interval;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private string _lastStatus = "";
    private int _beating;

    public ServiceHeartbeat(ServiceDefinition service, IServiceNotifier notifier, ILogger logger, TimeProvider time)
    {
        _service = service;
        _notifier = notifier;
        _logger = logger;
        _time = time;
        _interval = notifier.WatchdogInterval is { } watchdog && watchdog < StatusInterval ? watchdog : StatusInterval;
        _timer = time.CreateGuardedTimer(static self => self.BeatAsync().Guard("feeding the watchdog"), this, _interval, _interval);
    }

    public void Dispose() => _timer.Dispose();

    private async Task BeatAsync()
    {
        // A check that hangs must not pile up.
        if (Interlocked.Exchange(ref _beating, 1) != 0)
        {
            return;
        }

        try
        {
            using var limit = new CancellationTokenSource(_interval, _time);
            if (await _service.FindFaultAsync(limit.Token).WaitAsync(limit.Token).ConfigureAwait(false) is { } fault)
            {
                HostingLog.Unhealthy(_logger, fault);
                return;
            }

            _notifier.Watchdog();
            if (_service.Status() is var status && status != _lastStatus)
            {
                _notifier.Status(_lastStatus = status);
            }
        }
        catch (Exception error)
        {
            HostingLog.HealthUnknown(_logger, error);
        }
        finally
        {
            Volatile.Write(ref _beating, 0);
        }
    }
}
