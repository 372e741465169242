namespace Tunnel.Hub.Edges.Live;

/// <summary>Counts the configurations that are pushed to edges, and measures the time until they are reported as applied.</summary>
internal sealed class ConfigPushes(TimeProvider time)
{
    private long _sent;

    public long Sent => Volatile.Read(ref _sent);

    /// <summary>Receives each time from a push to its report. Called on the tunnel's read loop, so it must not block.</summary>
    public Action<TimeSpan>? Measured { get; set; }

    /// <summary>Notes that a configuration is about to be sent.</summary>
    public void OnSent(EdgeTunnel live)
    {
        Interlocked.Increment(ref _sent);
        Volatile.Write(ref live.PushedAt, time.GetTimestamp());
    }

    /// <summary>Notes that the edge has applied a revision. A revision older than the last one sent is ignored.</summary>
    public void OnApplied(EdgeTunnel live, long revision)
    {
        if (revision == live.Config.Hub!.Rev && Interlocked.Exchange(ref live.PushedAt, 0) is > 0 and var sent)
            Measured?.Invoke(time.GetElapsedTime(sent));
    }
}
