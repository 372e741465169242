namespace Tunnel.Shared.Transport.Tls.Lanes;

/// <summary>One connection of a tunnel that may have several.</summary>
/// <param name="index">Its number; 0 is the connection that made the tunnel, and ends it.</param>
/// <param name="mux">The connection.</param>
/// <param name="since">When it joined, in milliseconds of the context's clock.</param>
internal sealed class Lane(int index, MuxTunnel mux, long since)
{
    private int _bulk;
    private bool _isRetiring;

    public int Index => index;

    public MuxTunnel Mux => mux;

    public long Since => since;

    /// <summary>It gets no new streams and is closed once it is empty. Of <see cref="LaneKeeper"/>.</summary>
    public bool IsRetiring
    {
        get => Volatile.Read(ref _isRetiring);
        set => Volatile.Write(ref _isRetiring, value);
    }

    /// <summary>No stream or session is open on it.</summary>
    public bool IsEmpty => mux.ActiveStreams == 0 && mux.ActiveSessions == 0;

    public LaneLoad Load => mux.GetLoad(Volatile.Read(ref _bulk), IsRetiring);

    /// <summary>Counts the streams that move bulk, for <see cref="Load"/> to go by.</summary>
    public int CountBulk()
    {
        var bulk = mux.CountBulk();
        Volatile.Write(ref _bulk, bulk);
        return bulk;
    }
}
