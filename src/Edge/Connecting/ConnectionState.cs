using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Keeps the state of the connection to the hub for those who read it. The connector's loop and the tunnel's end may change it at the same
/// time.
/// </summary>
internal sealed class ConnectionState(TimeProvider time)
{
    private readonly Lock _lock = new();
    private ITunnel? _tunnel;

    // A tunnel that has ended while streams of it wait for the next one.
    private ITunnel? _waiting;
    private ConnectionStatus _current = new();

    public ConnectionStatus Current => Volatile.Read(ref _current);

    /// <summary>Notes when the next attempt is due; null means that one is under way.</summary>
    public void NoteWait(DateTimeOffset? next) => Change(status => status with { NextAttempt = next });

    /// <summary>Notes why there is no tunnel.</summary>
    /// <returns>False when the same error was noted before.</returns>
    public bool NoteError(string error) => Change(status => status with { LastError = error }).LastError != error;

    /// <summary>Notes that a tunnel takes the new streams.</summary>
    public void NoteConnected(ITunnel tunnel, TransportChoice choice)
    {
        lock (_lock)
        {
            (_tunnel, _waiting) = (tunnel, null);
            Change(_ => new ConnectionStatus
            {
                Connected = true,
                Transport = tunnel.Kind,
                Choice = choice,
                Address = tunnel.RemoteEndPoint,
                Since = time.GetUtcNow(),
            });
        }
    }

    /// <summary>Notes that the tunnel has lost its connection and waits for another one.</summary>
    public void NoteLost(string error) =>
        Change(status => status with { Connected = false, LostSince = time.GetUtcNow(), LastError = error });

    /// <summary>Notes that the tunnel goes on over another connection.</summary>
    public void NoteResumed(ITunnel tunnel) =>
        Change(status => status with
        {
            Connected = true,
            LostSince = null,
            Address = tunnel.RemoteEndPoint,
            LastError = null,
            NextAttempt = null,
        });

    /// <summary>Notes that a tunnel has ended; that another one has taken its place already stays as it is.</summary>
    /// <param name="tunnel">The tunnel.</param>
    /// <param name="error">Why it ended; null when an error that was noted before says so.</param>
    public void NoteEnd(ITunnel tunnel, string? error)
    {
        lock (_lock)
        {
            if (_tunnel is not null && _tunnel != tunnel)
                return;
            _tunnel = null;
            var waits = tunnel.StreamsToMove > 0;
            if (waits)
                _waiting = tunnel;
            Change(status => status with
            {
                Connected = false,
                Transport = null,
                Choice = null,
                Address = null,
                Since = time.GetUtcNow(),
                LostSince = waits ? time.GetUtcNow() : _waiting is null ? null : status.LostSince,
                LastError = error ?? status.LastError,
            });
        }
    }

    /// <summary>Notes that none of the streams of a tunnel that has ended waits for another one any more.</summary>
    public void NoteSettled(ITunnel tunnel)
    {
        lock (_lock)
        {
            if (_waiting != tunnel)
                return;
            _waiting = null;
            Change(static status => status with { LostSince = null });
        }
    }

    /// <returns>The state before the change.</returns>
    private ConnectionStatus Change(Func<ConnectionStatus, ConnectionStatus> change)
    {
        lock (_lock)
        {
            var before = _current;
            Volatile.Write(ref _current, change(before));
            return before;
        }
    }
}
