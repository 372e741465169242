using Microsoft.Extensions.Logging;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>
/// How many tunnels one edge may have at once: the newest, and some that drain. Each costs descriptors and buffers, and "a newer one of the
/// same process" is easily said. Of more the oldest is ended. Lanes have their own limit; connections that have not said yet what they are
/// get one too.
/// </summary>
internal sealed class TunnelCrowd(Lock registryLock, int maxUnknown, ILogger logger)
{
    /// <summary>An edge that flaps between transports, or is replaced again and again while long streams drain, has no more.</summary>
    public const int MaxTunnels = 8;

    /// <summary>Ends the oldest when there are too many. Called when one has come, and when it is known what it is.</summary>
    public void Thin(EdgeSlot slot, EdgeTunnel newcomer)
    {
        EdgeTunnel? oldest;
        lock (registryLock)
        {
            var (known, limit) = (newcomer.IsElected, newcomer.IsElected ? MaxTunnels : maxUnknown);
            var same = slot.Tunnels.FindAll(live => !live.IsCrowdedOut && live.IsElected == known);
            oldest = same.Count > limit ? same.Find(live => live != newcomer && live != slot.Primary) : null;
            if (oldest is null)
                return;
            oldest.IsCrowdedOut = oldest.IsDraining = true;
        }

        LiveEdgesLog.CrowdedOut(logger, oldest.EdgeId, MaxTunnels, oldest.Remote);
        _ = oldest.Tunnel!.CloseAsync(
            new TunnelEnd(TunnelEndKind.Replaced, "the edge has too many tunnels at once, and this was its oldest"));
    }
}
