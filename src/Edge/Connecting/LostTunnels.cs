using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Holds the tunnels that were lost and whose streams may go on over another one (protocol.md section 8), and moves them there.
/// </summary>
internal sealed class LostTunnels(ITunnelObserver observer, ILogger logger)
{
    private readonly Lock _lock = new();
    private readonly List<ITunnel> _tunnels = [];
    private volatile ITunnel? _next;

    /// <summary>Notes a tunnel that has ended.</summary>
    /// <returns>True when it has streams that wait for another one.</returns>
    public bool Add(ITunnel tunnel)
    {
        if (tunnel.StreamsToMove is not (> 0 and var waiting))
            return false;
        lock (_lock)
        {
            if (_tunnels.Contains(tunnel))
                return true;
            _tunnels.Add(tunnel);
        }

        ConnectingLog.StreamsWait(logger, tunnel.RemoteEndPoint, waiting);
        ForgetAsync(tunnel, waiting).Guard("waiting for the streams of a lost tunnel");
        return true;
    }

    /// <summary>Moves what waits to a tunnel that was started, and also what is open on the one before it.</summary>
    /// <param name="tunnel">The tunnel.</param>
    /// <param name="older">The one before it, if the hub's same process has it.</param>
    public void MoveTo(ITunnel tunnel, ITunnel? older)
    {
        ITunnel[] tunnels;
        _next = tunnel;
        lock (_lock)
            tunnels = [.. _tunnels];
        foreach (var lost in tunnels)
            MoveAsync(lost, tunnel).Guard("moving streams to another tunnel");
        if (older is null || tunnels.Contains(older))
            return;

        // The bytes under way come only where the path still works.
        var moving = older.IsInDoubt ? MoveAsync(older, tunnel) : HandOverAsync(older, tunnel);
        moving.Guard("moving streams to another tunnel");
    }

    private async Task MoveAsync(ITunnel lost, ITunnel tunnel)
    {
        var moving = lost.MoveStreamsAsync(tunnel);

        // A tunnel that was only in doubt is given up by this.
        Add(lost);
        await moving;
    }

    private async Task HandOverAsync(ITunnel older, ITunnel tunnel)
    {
        var moved = await older.HandOverStreamsAsync(tunnel);
        if (moved > 0)
            ConnectingLog.StreamsMoved(logger, moved, older.Kind.Word(), tunnel.Kind.Word());
    }

    private async Task ForgetAsync(ITunnel tunnel, int waiting)
    {
        observer.OnLost(tunnel.RemoteEndPoint, await tunnel.Completion, waiting);
        var moved = await tunnel.StreamsMoved;
        if (moved.Streams > 0)
        {
            // Only now the hub has answered for each of them. Some may have gone on over a tunnel before this one.
            var next = _next ?? tunnel;
            ConnectingLog.StreamsMoved(logger, moved.Streams, tunnel.Kind.Word(), next.Kind.Word());
            observer.OnResumed(next.RemoteEndPoint, moved);
        }

        await tunnel.StreamsSettled;
        lock (_lock)
            _tunnels.Remove(tunnel);
    }
}
