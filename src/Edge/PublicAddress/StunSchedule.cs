namespace Tunnel.Edge.PublicAddress;

/// <summary>Says when a request is sent again over UDP (RFC 8489 section 6.2.1), with the values that the RFC recommends.</summary>
internal static class StunSchedule
{
    /// <summary>RTO: the wait after the first request. Each further wait is twice as long.</summary>
    public static readonly TimeSpan RetransmissionTimeout = TimeSpan.FromMilliseconds(500);

    /// <summary>Rc: the number of requests in all.</summary>
    public const int Requests = 7;

    /// <summary>Rm: the number of RTOs to wait after the last request.</summary>
    public const int LastWaitFactor = 16;

    /// <summary>How long to wait for an answer after each request: 0.5, 1, 2, 4, 8, 16 and 8 s.</summary>
    public static IEnumerable<TimeSpan> Waits
    {
        get
        {
            for (var request = 0; request < Requests - 1; request++)
                yield return RetransmissionTimeout * (1 << request);
            yield return RetransmissionTimeout * LastWaitFactor;
        }
    }
}
