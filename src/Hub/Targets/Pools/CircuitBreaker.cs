using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Targets.Pools;

/// <summary>Whether a member is tried, as far as clients' own connections show.</summary>
internal enum BreakerState
{
    /// <summary>The member is used as usual.</summary>
    Closed,

    /// <summary>Too many connections in a row have failed: it gets none.</summary>
    Open,

    /// <summary>The member gets a few connections, which decide.</summary>
    HalfOpen,
}

/// <summary>
/// The circuit breaker of one member: closed, open after failures in a row, half-open after a while, and closed again after successes.
/// Used under the pool's lock.
/// </summary>
internal sealed class CircuitBreaker(BreakerDefinition settings, TimeProvider time)
{
    private const int DefaultFailures = 5;
    private const int DefaultOpenSeconds = 30;
    private const int DefaultProbes = 3;
    private const int DefaultSuccesses = 2;

    private readonly TimeSpan _openTimeout = TimeSpan.FromSeconds(settings.OpenTimeout ?? DefaultOpenSeconds);
    private BreakerState _state;
    private int _failures;
    private int _successes;
    private int _probes;
    private long _openedAt;

    /// <summary>The present state.</summary>
    public BreakerState State => _state == BreakerState.Open && time.GetElapsedTime(_openedAt) >= _openTimeout
        ? BreakerState.HalfOpen
        : _state;

    /// <summary>Whether another connection may be tried.</summary>
    public bool Allows => State switch
    {
        BreakerState.Closed => true,
        BreakerState.Open => false,
        _ => _state == BreakerState.Open || _probes < (settings.HalfOpenMaxRequests ?? DefaultProbes),
    };

    /// <summary>The failures in a row that have opened it.</summary>
    public int Failures => _failures;

    /// <summary>Notes that a connection begins.</summary>
    /// <returns>Whether it is one of the few that decide; <see cref="Leave"/> is called for such a one.</returns>
    public bool Enter()
    {
        if (State != BreakerState.HalfOpen)
            return false;
        if (_state == BreakerState.Open)
            (_state, _probes, _successes) = (BreakerState.HalfOpen, 0, 0);
        _probes++;
        return true;
    }

    /// <summary>Notes that one of the few that decide has decided or ended.</summary>
    public void Leave() => _probes = Math.Max(_probes - 1, 0);

    /// <summary>Notes a connection that works.</summary>
    /// <param name="wasProbe">Whether it was one of the few that decide.</param>
    /// <returns>True when this has closed the breaker.</returns>
    public bool NoteSuccess(bool wasProbe)
    {
        if (_state == BreakerState.Closed)
            _failures = 0;
        // A connection that began before the breaker opened says nothing about now.
        if (_state != BreakerState.HalfOpen || !wasProbe || ++_successes < (settings.SuccessThreshold ?? DefaultSuccesses))
            return false;
        (_state, _failures, _probes) = (BreakerState.Closed, 0, 0);
        return true;
    }

    /// <summary>Notes a connection that failed because of the upstream.</summary>
    /// <param name="wasProbe">Whether it was one of the few that decide.</param>
    /// <returns>True when this has opened the breaker.</returns>
    public bool NoteFailure(bool wasProbe)
    {
        var opens = _state switch
        {
            BreakerState.Closed => ++_failures >= (settings.FailureThreshold ?? DefaultFailures),
            BreakerState.HalfOpen => wasProbe,
            _ => false,
        };
        if (opens)
            (_state, _openedAt, _probes) = (BreakerState.Open, time.GetTimestamp(), 0);
        return opens;
    }
}
