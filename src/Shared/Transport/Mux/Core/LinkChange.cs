using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>
/// Takes one end of a mux from a lost connection to another (protocol.md section 8). Members take the lock. Their order is
/// <see cref="TryDetach"/>, <see cref="OnQuiet"/>, <see cref="CanResume"/>, <see cref="Attach"/>.
/// </summary>
internal sealed class LinkChange(MuxCore core)
{
    /// <summary>
    /// Notes that the connection is lost. Streams and sessions stay; after nobody reads or sends any more, <see cref="OnQuiet"/> follows.
    /// </summary>
    /// <returns>False when that was noted before, or the mux has ended.</returns>
    public bool TryDetach(TunnelEnd cause)
    {
        lock (core.Sync)
            return core.TryDetach(cause);
    }

    /// <summary>Notes that nobody reads or sends any more after a connection was lost.</summary>
    /// <returns>What to tell the peer over another connection.</returns>
    public ResumePoint OnQuiet()
    {
        lock (core.Sync)
        {
            core.Kept.OnDetached();
            return new ResumePoint(core.Received, core.Kept.From);
        }
    }

    /// <summary>Whether this end can go on with a peer that says this.</summary>
    /// <exception cref="FormatException">It can't be true.</exception>
    public bool CanResume(ResumePoint peer)
    {
        lock (core.Sync)
        {
            if (peer.Received > core.Kept.Sent)
                throw new FormatException($"received: {peer.Received} is beyond {core.Kept.Sent}, which is all that was sent");
            return IsPossible(peer);
        }
    }

    /// <summary>Goes on over another connection, whose peer has said what <see cref="CanResume"/> allows.</summary>
    /// <returns>What follows from it; null when it is not possible any more.</returns>
    public TunnelResumed? Attach(ResumePoint peer)
    {
        lock (core.Sync)
        {
            if (!core.IsDetached || !IsPossible(peer))
                return null;
            var lostFor = TimeSpan.FromMilliseconds(core.Context.NowMilliseconds - core.LostAt);
            core.Attach(peer.Received);
            return new TunnelResumed(core.Unfinished.Count, core.Kept.Sent - peer.Received, lostFor);
        }
    }

    private bool IsPossible(ResumePoint peer) =>
        !core.IsDead && !core.IsEnding && core.Kept.CanResumeAt(peer.Received) && peer.From <= core.Received;
}
