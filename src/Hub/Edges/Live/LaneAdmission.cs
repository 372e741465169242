using System.Globalization;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>
/// Joins further connections of an edge to its tunnel (protocol.md section 3, Lanes), if they are of the same edge, process and secret.
/// Any other is closed and never becomes a tunnel of its own, because it would replace the tunnel that it named.
/// </summary>
internal sealed class LaneAdmission(Lock registryLock, int maxLanes, ILogger logger)
{
    private long _refused;

    /// <summary>The number of connections that asked to be a lane and were turned away.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>
    /// Returns whether a connection that comes now may be a lane, so that its HELLO has to be awaited. Called under the registry's lock.
    /// </summary>
    public static bool MayJoin(EdgeSlot slot) => slot.Tunnels.Exists(static live => (live.Tunnel!.Features & TunnelFeatures.Lanes) != 0);

    /// <summary>Joins a connection to its tunnel, or turns it away. Called by the connection's read loop.</summary>
    /// <param name="slot">The edge's tunnels.</param>
    /// <param name="live">What the hub knows of the connection.</param>
    /// <param name="connection">The connection itself.</param>
    /// <param name="lane">Which lane it is, as it says.</param>
    public void Admit(EdgeSlot slot, EdgeTunnel live, ITunnel connection, LaneHello lane)
    {
        LaneRefusal? refusal;
        lock (registryLock)
        {
            refusal = TryJoin(slot, live, connection, lane);
            live.IsElected = true;
            if (refusal is null)
            {
                slot.Remove(live);
                slot.Lanes.Add(live);
                if (slot.Primary == live)
                    slot.Primary = null;
            }
        }

        if (refusal is null)
        {
            LiveEdgesLog.LaneJoined(logger, lane.Index, live.EdgeId, live.Remote);
            return;
        }

        Interlocked.Increment(ref _refused);
        LiveEdgesLog.LaneRefused(logger, lane.Index, live.EdgeId, live.Remote, refusal.Cause);
        TurnAwayAsync(live.Tunnel!, refusal).Guard("turning a lane away");
    }

    /// <summary>Logs that a joined connection has ended.</summary>
    public void OnEnded(EdgeTunnel live, TunnelEnd end) =>
        LiveEdgesLog.LaneEnded(logger, live.Hello!.Lane!.Index, live.EdgeId, live.Remote, end.Kind, end.Detail);

    private LaneRefusal? TryJoin(EdgeSlot slot, EdgeTunnel live, ITunnel connection, LaneHello lane)
    {
        if (live.IsElected)
            return new("laneLate", "it said so only when it had been taken for a tunnel of its own");
        if (lane.Index < 1 || lane.Index >= maxLanes)
        {
            return new(
                "laneLimit", string.Create(CultureInfo.InvariantCulture, $"its number is not below limits.lanesPerTunnel, {maxLanes}"));
        }

        if (slot.Tunnels.Find(other => other != live && other.TunnelId == lane.TunnelId) is not { } tunnel)
            return LaneRefusal.Unknown("the edge has no tunnel with the id that it named");
        // The edge gets the same code in each case; only the operator learns what differs.
        if (tunnel.Hello is not { Instance.Length: > 0 } hello || hello.Instance != live.Hello!.Instance)
            return LaneRefusal.Unknown("the tunnel is another process's");
        if (tunnel.SecretId != live.SecretId)
            return LaneRefusal.Unknown("the tunnel was made with another secret");
        if ((tunnel.Tunnel!.Features & TunnelFeatures.Lanes) == 0)
            return LaneRefusal.Unknown("the tunnel has not agreed on lanes");
        if (tunnel.IsDraining || !slot.Tunnels.Contains(live))
            return new("laneGone", "the tunnel takes no new streams, or the connection is over");
        live.JoinedTo = tunnel;
        if (tunnel.Tunnel.TryJoin(lane.Index, connection))
            return null;
        live.JoinedTo = null;
        return new("laneInUse", "the tunnel has a lane with this number, or is about to end");
    }

    private static async Task TurnAwayAsync(ITunnel tunnel, LaneRefusal refusal)
    {
        tunnel.SendGoAway(refusal.Code);
        await tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.Closed, $"refused as a lane: {refusal.Cause}"));
    }

    /// <param name="Code">The code that the edge is told.</param>
    /// <param name="Cause">The reason that the operator is told.</param>
    private sealed record LaneRefusal(string Code, string Cause)
    {
        public static LaneRefusal Unknown(string cause) => new("laneUnknownTunnel", cause);
    }
}
