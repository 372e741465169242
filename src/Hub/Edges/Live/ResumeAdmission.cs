using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>
/// Gives a connection of an edge to the tunnel, or the lane of one, that had lost its own (protocol.md section 8), if it is of the same
/// edge and process and names it. Any other is a tunnel or a lane of its own.
/// </summary>
internal sealed class ResumeAdmission(Lock registryLock, ILogger logger)
{
    /// <summary>Lets a tunnel go on over a connection that asks for it.</summary>
    /// <param name="slot">The edge's tunnels.</param>
    /// <param name="live">What the hub knows of the connection.</param>
    /// <param name="connection">The connection itself.</param>
    /// <param name="resume">What it asks for.</param>
    /// <returns>True when the connection is a tunnel of its own.</returns>
    public async Task<bool> IsOwnTunnelAsync(EdgeSlot slot, EdgeTunnel live, ITunnel connection, ResumeHello resume)
    {
        if (Find(slot, live, resume) is not { } lost)
        {
            LiveEdgesLog.ResumeRefused(logger, live.EdgeId, live.Remote, "the edge's process has no tunnel with the id that it named");
            return true;
        }

        switch (await lost.Tunnel!.AcceptResumeAsync(connection, resume.Point!))
        {
            case ResumeOutcome.Resumed:
                lock (registryLock)
                {
                    lost.TakeConnectionOf(live);
                    if (slot.Primary == live)
                        slot.Primary = lost;
                }

                return false;
            case ResumeOutcome.Failed:
                return false;
            default:
                LiveEdgesLog.ResumeRefused(logger, live.EdgeId, live.Remote, "what both ends have kept of the tunnel is not enough");
                await lost.Tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.ConnectionLost, "it could not be resumed"));
                return true;
        }
    }

    private EdgeTunnel? Find(EdgeSlot slot, EdgeTunnel live, ResumeHello resume)
    {
        var named = Encoding.UTF8.GetBytes(resume.TunnelId);
        lock (registryLock)
        {
            return slot.Tunnels.Concat(slot.Lanes).FirstOrDefault(other =>
                other != live
                && !other.IsResuming
                && other.Identity.IsKnown
                && other.Identity.Instance == live.Identity.Instance
                && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(other.TunnelId), named));
        }
    }
}
