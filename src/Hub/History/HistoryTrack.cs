namespace Tunnel.Hub.History;

/// <summary>
/// The last minutes of one edge, or of all together, in steps of one second, and the last hour in steps of ten. Points are found by the
/// number of their second, so that the tracks of all edges have the same times.
/// </summary>
internal sealed class HistoryTrack
{
    /// <summary>The seconds that are kept one by one: five minutes.</summary>
    public const int Seconds = 300;

    /// <summary>The steps of ten seconds that are kept: one hour.</summary>
    public const int Tens = 360;

    private readonly TrafficPoint[] _seconds = new TrafficPoint[Seconds];
    private readonly TrafficPoint[] _tens = new TrafficPoint[Tens];
    private double _sumIn;
    private double _sumOut;

    /// <summary>The number of the last second in which the edge was connected.</summary>
    public long LastSeen { get; private set; }

    /// <summary>Sets the point of a second; seconds are set one after the other.</summary>
    public void Set(long second, in TrafficPoint point, bool isConnected = true)
    {
        if (isConnected)
            LastSeen = second;
        _seconds[second % Seconds] = point;
        _sumIn += point.BytesIn;
        _sumOut += point.BytesOut;
        if (second % 10 != 9)
            return;
        _tens[second / 10 % Tens] = point with { BytesIn = (float)(_sumIn / 10), BytesOut = (float)(_sumOut / 10) };
        (_sumIn, _sumOut) = (0, 0);
    }

    /// <summary>Copies the last points in the order of time.</summary>
    /// <param name="end">How many seconds there have been.</param>
    /// <param name="inTens">Whether steps of ten seconds are wanted; the present step is not complete and left out.</param>
    /// <param name="count">How many points at most.</param>
    public TrafficPoint[] Last(long end, bool inTens, int count)
    {
        var ring = inTens ? _tens : _seconds;
        var steps = inTens ? end / 10 : end;
        var points = new TrafficPoint[Math.Min(Math.Min(count, ring.Length), steps)];
        for (var i = 0; i < points.Length; i++)
            points[i] = ring[(steps - points.Length + i) % ring.Length];
        return points;
    }
}
