namespace Tunnel.Edge.PublicAddress;

/// <summary>When a request is sent again over UDP (RFC 8489 section 6.2.1), with the values that it recommends.</summary>
internal static class StunSchedule
{
    /// <summary>RTO: the wait behind the first request; each further one is twice as long.</summary>
    public static readonly TimeSpan RetransmissionTimeout = TimeSpan.FromMilliseconds(500);

    /// <summary>Rc: requests in all.</summary>
    public const int Requests = 7;

    /// <summary>Rm: how many RTOs to wait behind the last one.</summary>
    public const int LastWaitFactor = 16;

    /// <summary>How long to wait for an answer behind each request: 0.5, 1, 2, 4, 8, 16 and 8 s.</summary>
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
