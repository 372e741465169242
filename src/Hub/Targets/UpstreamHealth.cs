namespace Tunnel.Hub.Targets;

/// <summary>Whether a port's upstream does its work, as far as the clients' own connections tell: nothing is asked of it.</summary>
internal sealed class UpstreamHealth
{
    private volatile bool _isFailing;

    /// <summary>False from a failure until the next success.</summary>
    public bool IsHealthy => !_isFailing;

    /// <summary>The upstream took a connection, or answered.</summary>
    public void NoteSuccess()
    {
        // Asked for each datagram: only a change is written.
        if (_isFailing)
            _isFailing = false;
    }

    /// <summary>A connection came to nothing, and the upstream is to blame.</summary>
    public void NoteFailure() => _isFailing = true;
}
