using Tunnel.Shared.Transport.Handshake;

namespace Tunnel.Shared.Transport.Streams;

/// <summary>What a hub takes of an edge's control frames, whatever the tunnel runs over. Used by the one that reads them alone.</summary>
internal sealed class ControlInbox(TunnelTerms terms, TransportContext context)
{
    // Edges send at most 10 a second (protocol.md section 3); twice as many may come in one after a path that stood still.
    private const int MaxReportsPerSecond = 20;

    private long _second;
    private int _reports;

    /// <summary>A REPORT came.</summary>
    /// <returns>Why the tunnel ends by it, or null.</returns>
    public string? CheckReport()
    {
        if (!terms.IsExtended)
            return "REPORT before HELLO";
        var second = context.NowMilliseconds / 1000;
        if (second != _second)
            (_second, _reports) = (second, 0);
        return ++_reports > MaxReportsPerSecond ? $"more than {MaxReportsPerSecond} in a second" : null;
    }
}
