using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Transport.Mux.Lanes;

/// <summary>
/// Lets streams of an edge change their lane (protocol.md section 8, "Handing over"): those that would wait behind bulk, while another lane
/// has none, and those of a lane that is not wanted any more. What moves bulk stays where it is, since it has most under way.
/// </summary>
internal sealed class LaneChanges(LanedTunnel tunnel, string name, ILogger logger)
{
    /// <summary>
    /// The most streams that are asked for at a time, so that many which wake together do not hold up what else is to be sent. The hub
    /// may refuse one whose upstream is not yet connected; it is asked for again the next time.
    /// </summary>
    public const int MostAtOnce = 64;

    /// <summary>Asks for the changes that the present lanes suggest. Their bulk must have been counted before.</summary>
    public void Make()
    {
        var lanes = tunnel.All;
        if ((tunnel.Features & TunnelFeatures.Move) == 0 || lanes.Count == 1)
            return;
        var left = MostAtOnce;
        foreach (var lane in lanes)
        {
            // The tunnel opens the new leg on the best lane, which is one of these.
            if (lane.Mux.IsLost || !lanes.Any(other => other != lane && other.IsRefuge && (lane.IsRetiring || other.Bulk == 0)))
                continue;
            var leaving = lane.FindLeaving(left);
            if (leaving.Length == 0)
                continue;
            LaneLog.Leaving(
                logger, name, lane.Index, leaving.Length, lane.IsRetiring ? "since it is not needed any more" : "not to wait behind bulk");
            foreach (var id in leaving)
                tunnel.Moving.Find(id)?.TryHandOver(tunnel.Moving, tunnel);
            left -= leaving.Length;
        }
    }
}
