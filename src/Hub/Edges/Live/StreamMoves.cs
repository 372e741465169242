using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Edges.Live;

/// <summary>
/// Finds the stream that an edge wants to go on with over another tunnel (protocol.md section 8): one of a tunnel of the same edge and
/// process, which may have been lost; or the same one, where the stream changes its lane.
/// </summary>
internal sealed class StreamMoves(TunnelNews news, ILogger logger)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<EdgeTunnel>> _tunnels = [];

    /// <summary>Notes a tunnel that has said which process it is of, until none of its streams may be moved any more.</summary>
    public void Note(EdgeTunnel live)
    {
        if ((live.Tunnel!.Features & TunnelFeatures.Move) == 0)
            return;
        lock (_lock)
        {
            if (!_tunnels.TryGetValue(live.EdgeId, out var ofEdge))
                _tunnels.Add(live.EdgeId, ofEdge = []);
            ofEdge.Add(live);
        }

        WatchAsync(live).Guard("watching the streams of a lost tunnel");
    }

    /// <summary>
    /// The number of streams of an edge that wait for another tunnel: they hold upstreams, though no tunnel counts them as open any more.
    /// </summary>
    public int WaitingOf(string edgeId)
    {
        lock (_lock)
        {
            if (!_tunnels.TryGetValue(edgeId, out var ofEdge))
                return 0;
            var sum = 0;

            // A tunnel that is being lost still counts some of them as open.
            foreach (var live in ofEdge)
                sum += Math.Max(0, live.Tunnel!.OpenStreamsToMove - live.Tunnel.ActiveStreams);
            return sum;
        }
    }

    /// <summary>Lets a stream go on; resets the stream that was opened for it where that is not possible.</summary>
    public void Take(EdgeTunnel live, ITunnel tunnel, ITunnelStream carrier, StreamMove move)
    {
        // Of a tunnel that is over nobody knows whether it has let the stream go: "not opened" would say that it has not.
        var left = Find(live, move);
        if ((left is null ? ResetReason.Refused : left.Tunnel!.MoveStream(move, tunnel, carrier)) is not { } reason)
        {
            left!.MovedTo = live;
            return;
        }

        LiveEdgesLog.MoveRefused(logger, live.EdgeId, tunnel.Kind.Word(), move.StreamId, reason);
        carrier.Reset(reason);
    }

    private EdgeTunnel? Find(EdgeTunnel live, StreamMove move)
    {
        var named = Encoding.UTF8.GetBytes(move.TunnelId);
        lock (_lock)
        {
            return _tunnels.GetValueOrDefault(live.EdgeId)?.Find(other =>
                (other != live || move.Point is null)
                && other.Identity.Instance == live.Identity.Instance
                && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(other.TunnelId), named));
        }
    }

    private async Task WatchAsync(EdgeTunnel live)
    {
        var end = await live.Tunnel!.Completion;
        if (live.Tunnel.StreamsToMove is > 0 and var waiting)
        {
            LiveEdgesLog.StreamsWait(logger, live.EdgeId, live.Remote, waiting);
            news.TellLost(live, end, waiting);
            var moved = await live.Tunnel.StreamsMoved;
            if (moved.Streams > 0)
                news.TellResumed(live, (live.MovedTo ?? live).Remote, moved);
        }

        await live.Tunnel.StreamsSettled;
        lock (_lock)
        {
            if (_tunnels.TryGetValue(live.EdgeId, out var ofEdge) && ofEdge.Remove(live) && ofEdge.Count == 0)
                _tunnels.Remove(live.EdgeId);
        }
    }
}
