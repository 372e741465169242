namespace Tunnel.Hub.Forwarding;

/// <summary>What the forwarding goes by.</summary>
/// <param name="TargetHost">Upstream of ports whose policy names none.</param>
/// <param name="StreamsPerEdge">Streams that one tunnel may have open.</param>
/// <param name="SessionsPerEdge">UDP sessions that one tunnel may have open.</param>
internal sealed record ForwardingOptions(string TargetHost, int StreamsPerEdge, int SessionsPerEdge)
{
    public const int DefaultPerEdge = 65_536;

    public static ForwardingOptions Default { get; } = new("127.0.0.1", DefaultPerEdge, DefaultPerEdge);
}
