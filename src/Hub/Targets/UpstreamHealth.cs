namespace Tunnel.Hub.Targets;

/// <summary>Whether a port's upstream works, as far as the clients' own connections show; no probes are sent.</summary>
internal sealed class UpstreamHealth
{
    private volatile bool _isFailing;

    /// <summary>False from a failure until the next success.</summary>
    public bool IsHealthy => !_isFailing;

    /// <summary>Notes that the upstream accepted a connection or answered.</summary>
    public void NoteSuccess()
    {
        // Called for each datagram, so only a change is written.
        if (_isFailing)
            _isFailing = false;
    }

    /// <summary>Notes that a connection failed because of the upstream.</summary>
    public void NoteFailure() => _isFailing = true;
}
