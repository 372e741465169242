using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Status;
using Tunnel.Shared.Guarding;

namespace Tunnel.Edge.Ports;

/// <summary>
/// Keeps the listeners of all assigned ports. Each configuration is compared with the previous one, and a port that is in both keeps its
/// listener and its connections. Ports that could not be bound are tried again, since whoever holds them may release them.
/// </summary>
internal sealed class PortListeners : IDisposable
{
    internal static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<PortKey, IBoundPort> _bound = [];
    private readonly IPortBinder _binder;
    private readonly PortLimit _limit;
    private readonly TimeSpan _drain;
    private readonly ILogger _logger;
    private readonly ITimer _retryTimer;
    private readonly List<KeyValuePair<PortKey, string?>> _untold = [];
    private PortSet _assigned = PortSet.Empty;
    private readonly PortFailures _failed = new();
    private PortState? _state;
    private KeyValuePair<PortKey, IBoundPort>[]? _listeners;
    private bool _disposed;

    /// <param name="binder">Binds one port.</param>
    /// <param name="limit">Says how many ports may be bound.</param>
    /// <param name="drain">How long the connections of a removed port may go on.</param>
    /// <param name="time">The clock for the retries.</param>
    /// <param name="logger">The log.</param>
    public PortListeners(IPortBinder binder, PortLimit limit, TimeSpan drain, TimeProvider time, ILogger logger)
    {
        (_binder, _limit, _drain, _logger) = (binder, limit, drain, logger);
        _retryTimer = time.CreateGuardedTimer(static self => self.RetryFailed(), this, RetryInterval, RetryInterval);
    }

    /// <summary>
    /// Raised when what is bound has changed, or why a port is not bound: after a retry or <see cref="Recheck"/>, but not after
    /// <see cref="Apply"/>.
    /// </summary>
    public event Action<PortState>? Changed;

    /// <summary>Binds new ports and closes those that are gone. Blocks while the system calls run.</summary>
    public PortState Apply(PortSet assigned)
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                var changes = _assigned.ChangesTo(assigned);
                _assigned = assigned;
                RemoveAll(changes.Removed);
                // Ports that failed before are tried again, because the operator may just have freed one and pushed.
                foreach (var port in assigned.Ports)
                {
                    if (_bound.TryGetValue(port, out var bound))
                        bound.Update(assigned.PolicyFor(port));
                    else
                        TryBind(port);
                }

                _binder.CloseLeft();
                Tell();
            }

            return Snapshot();
        }
    }

    /// <summary>
    /// Applies changed rules of the operator: closes ports that are no longer allowed, and binds those that are allowed now.
    /// </summary>
    public void Recheck(PortRules rules)
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            RemoveAll(_bound.Keys.Where(port => rules.Objection(port) is not null).Order().ToList());
            foreach (var port in _assigned.Ports)
            {
                if (!_bound.ContainsKey(port))
                    TryBind(port);
            }

            Tell();
        }

        Changed?.Invoke(GetState());
    }

    /// <summary>Returns what is bound and what is not.</summary>
    public PortState GetState()
    {
        lock (_lock)
            return Snapshot();
    }

    /// <summary>Resets the clients for which <paramref name="which"/> returns true.</summary>
    /// <returns>How many clients were reset.</returns>
    public int Reset(Func<IPAddress, bool> which) => Listeners.Sum(port => port.Value.Reset(which));

    /// <summary>Returns which port has stopped taking clients, in words for the log; null when all take them.</summary>
    public string? FindFault()
    {
        foreach ((var port, var listener) in Listeners)
        {
            if (listener.Fault is { } fault)
                return $"{port}: {fault}";
        }

        return null;
    }

    /// <summary>Returns what happened at each bound port.</summary>
    public ImmutableArray<EdgePortStatus> GetStatistics() =>
        [.. Listeners.Select(port => ToStatus(port.Key, port.Value.GetStatistics()))];

    /// <summary>Closes every listener. The connections stay until their owner ends them or <paramref name="drain"/> has passed.</summary>
    public void CloseAll(TimeSpan drain) => EndAll(port => port.Close(drain));

    /// <summary>Serves no port any more and leaves all of them open for the next process (<see cref="IBoundPort.LeaveAsync"/>).</summary>
    public Task LeaveAllAsync()
    {
        var left = new List<Task>();
        EndAll(port => left.Add(port.LeaveAsync()));
        return Task.WhenAll(left);
    }

    /// <summary>Takes no clients at any port until <see cref="Resume"/> (<see cref="IBoundPort.PauseAsync"/>).</summary>
    public Task PauseAsync()
    {
        lock (_lock)
            return Task.WhenAll([.. _bound.Values.Select(static port => port.PauseAsync())]);
    }

    /// <summary>Takes clients again.</summary>
    public void Resume()
    {
        lock (_lock)
        {
            foreach (var port in _bound.Values)
                port.Resume();
        }
    }

    public void Dispose()
    {
        _retryTimer.Dispose();
        lock (_lock)
            _disposed = true;
        CloseAll(TimeSpan.Zero);
    }

    private static EdgePortStatus ToStatus(PortKey port, PortStatistics statistics) => new()
    {
        Port = port.Number,
        Proto = port.ProtocolName,
        ActiveConnections = statistics.Active,
        TotalConnections = statistics.Total,
        BytesIn = statistics.BytesIn,
        BytesOut = statistics.BytesOut,
        Blocked = statistics.Blocked,
    };

    private void EndAll(Action<IBoundPort> end)
    {
        lock (_lock)
        {
            foreach (var port in _bound.Values)
                end(port);
            _bound.Clear();
            _failed.Clear();
            _assigned = PortSet.Empty;
            Outdate();
        }
    }

    private void RetryFailed()
    {
        bool changed;
        lock (_lock)
        {
            if (_disposed || _failed.Count == 0 || _bound.Count >= _limit.Most)
                return;
            foreach (var port in _failed.Ports)
                TryBind(port);
            changed = _untold.Count > 0;
            Tell();
        }

        if (changed)
            Changed?.Invoke(GetState());
    }

    private void TryBind(PortKey port)
    {
        var hasRoom = _bound.Count < _limit.Most;
        // Without room, the port keeps the failure that it has.
        if (!hasRoom && _failed[port] is not null)
            return;
        var result = hasRoom ? Bind(port) : BindResult.Failed(_limit.Objection);
        if (result.Port is { } bound)
        {
            _bound.Add(port, bound);
            _failed.Remove(port);
            _untold.Add(new(port, null));
        }
        else if (_failed.Set(port, result.Error!))
        {
            _untold.Add(new(port, result.Error));
        }
    }

    // A bug of ours at one port is reported and retried like any failure of that port, and the ports behind it are bound all the same.
    private BindResult Bind(PortKey port)
    {
        try
        {
            return _binder.Bind(port, _assigned.PolicyFor(port));
        }
        catch (Exception e)
        {
            Defects.Note("binding a port", e);
            return BindResult.Failed($"unexpected fault: {e.Message}");
        }
    }

    /// <summary>Logs one line for consecutive ports with the same result.</summary>
    private void Tell()
    {
        foreach ((var ports, var error) in PortRun.Join(_untold))
        {
            if (error is null)
                PortsLog.PortBound(_logger, ports);
            else
                PortsLog.PortFailed(_logger, ports, error);
        }

        if (_untold.Count > 0)
            Outdate();
        _untold.Clear();
        _untold.TrimExcess();
    }

    /// <param name="ports">The ports, in ascending order.</param>
    private void RemoveAll(IEnumerable<PortKey> ports)
    {
        var removed = new List<KeyValuePair<PortKey, int>>();
        foreach (var port in ports)
        {
            Outdate();
            _failed.Remove(port);
            if (!_bound.Remove(port, out var bound))
                continue;
            removed.Add(new(port, bound.Active));
            bound.Close(_drain);
        }

        var next = 0;
        foreach ((var run, _) in PortRun.Join(removed.Select(port => KeyValuePair.Create(port.Key, true))))
        {
            var active = 0;
            for (; next < removed.Count && run.Contains(removed[next].Key); next++)
                active += removed[next].Value;
            PortsLog.PortRemoved(_logger, run, active, _drain.TotalSeconds);
        }
    }

    // The bound ports, in order. The watchdog and the metrics look every few seconds, so the list is not made anew each time.
    private KeyValuePair<PortKey, IBoundPort>[] Listeners
    {
        get
        {
            lock (_lock)
                return _listeners ??= [.. _bound.OrderBy(static port => port.Key)];
        }
    }

    private void Outdate() => (_state, _listeners) = (null, null);

    private PortState Snapshot() => _state ??= new([.. _bound.Keys.Order()], _failed.Copy());
}
