using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// How the connection to the hub is, for whoever asks. The connector's loop and the tunnel's end change it at the same time.
/// </summary>
internal sealed class ConnectionState(TimeProvider time)
{
    private readonly Lock _lock = new();
    private ConnectionStatus _current = new();

    public ConnectionStatus Current => Volatile.Read(ref _current);

    /// <summary>The next try is due then; null: one is under way.</summary>
    public void NoteWait(DateTimeOffset? next) => Change(status => status with { NextAttempt = next });

    /// <summary>Why there is no tunnel.</summary>
    /// <returns>False when this was known.</returns>
    public bool NoteError(string error) => Change(status => status with { LastError = error }).LastError != error;

    /// <summary>A tunnel takes the new streams.</summary>
    public void NoteConnected(ITunnel tunnel, TransportChoice choice) => Change(_ => new ConnectionStatus
    {
        Connected = true,
        Transport = tunnel.Kind,
        Choice = choice,
        Address = tunnel.RemoteEndPoint,
        Since = time.GetUtcNow(),
    });

    /// <summary>The tunnel is no more.</summary>
    /// <param name="error">Why; null: what was noted before says it.</param>
    public void NoteEnd(string? error) => Change(status => status with
    {
        Connected = false,
        Transport = null,
        Choice = null,
        Address = null,
        Since = time.GetUtcNow(),
        LastError = error ?? status.LastError,
    });

    /// <returns>How it was before.</returns>
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
