using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Spreads the dials of edges that have lost their hub together, as far as the hub has told. The spread is the first ceiling of a backoff:
/// an edge that fails waits up to twice as long, so that the second dials of some do not come in the middle of the others' first ones.
/// </summary>
/// <param name="random">Gives this edge's share, from 0 to 1.</param>
internal sealed class RedialShare(Func<double> random)
{
    private long _ticks;

    /// <summary>The least ceiling of the waits after dials that failed.</summary>
    public TimeSpan NextCeiling => Told * 2;

    private TimeSpan Told => TimeSpan.FromTicks(Volatile.Read(ref _ticks));

    /// <summary>Notes what the hub says.</summary>
    public void Note(TunnelConfig config) =>
        Volatile.Write(ref _ticks, TimeSpan.FromMilliseconds(config.Hub?.RedialSpread ?? 0).Ticks);

    /// <summary>
    /// Returns how long to wait before the first dial. A path that fell silent is this edge's own loss, or one that edges notice one by
    /// one, and is dialled again at once.
    /// </summary>
    /// <param name="cause">Why the connection ended; null after GOAWAY.</param>
    public TimeSpan After(TunnelEnd? cause) =>
        cause is null or { Kind: TunnelEndKind.PeerClosed or TunnelEndKind.ConnectionLost } ? Told * random() : TimeSpan.Zero;
}
