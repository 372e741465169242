using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>
/// Limits how many tunnels one edge has at once: the newest, and some that drain. Each costs descriptors and buffers, and any peer can
/// easily claim to be "a newer one of the same process". Above the limit the oldest is ended. Lanes have a limit of their own, and so do
/// connections that have not yet said what they are.
/// </summary>
internal sealed class TunnelCrowd(Lock registryLock, int maxUnknown, ILogger logger)
{
    /// <summary>The limit, which covers an edge that flaps between transports or is replaced repeatedly while long streams drain.</summary>
    public const int MaxTunnels = 8;

    /// <summary>Ends the oldest tunnel when there are too many. Called when one has come, and again when its kind is known.</summary>
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
        oldest.Tunnel!.CloseAsync(
            new TunnelEnd(TunnelEndKind.Replaced, "the edge has too many tunnels at once, and this was its oldest"))
            .Guard("closing a tunnel");
    }
}
