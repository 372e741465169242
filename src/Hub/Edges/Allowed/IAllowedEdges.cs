using System.Collections.Immutable;
using System.Net;

namespace Tunnel.Hub.Edges.Allowed;

/// <summary>What the data path needs to know of the allowed edges. All members may be called from any thread.</summary>
public interface IAllowedEdges
{
    /// <summary>
    /// Raised after a change was persisted and took effect, and when a secret has expired; on a pool thread, off any lock, one at a
    /// time in the order of the changes.
    /// </summary>
    event Action<EdgeSetChange>? Changed;

    /// <summary>The edge of this id, enabled or not; null when there is none.</summary>
    AllowedEdge? Find(string id);

    /// <summary>
    /// Checks an id and a secret. The answer takes the same work for an unknown id, a wrong secret and a disabled edge. Never completes
    /// with long work on the caller's thread.
    /// </summary>
    /// <param name="id">Who it says it is.</param>
    /// <param name="secret">What it says to prove it.</param>
    /// <param name="from">Its address: what takes long is shared fairly between addresses (IPv6: /64).</param>
    /// <param name="blocked">It has failed too often: nothing that takes long is done for it. A secret that the hub made passes all the
    /// same, and a chosen one that was right before.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    ValueTask<AuthenticationResult> AuthenticateAsync(
        string id, string secret, IPAddress from, bool blocked, CancellationToken cancellationToken);

    /// <summary>
    /// True while the edge is there and enabled and that secret of it is neither removed nor expired: its tunnels may live.
    /// </summary>
    bool IsStillValid(string edgeId, Guid secretId);
}

/// <summary>What a change did; the edges themselves are found by <see cref="IAllowedEdges.Find"/>.</summary>
/// <param name="Added">Ids that are new.</param>
/// <param name="Updated">Ids whose configuration, secrets or <c>enabled</c> changed; also ids that are new and were changed again
/// since.</param>
/// <param name="Removed">Ids that are no longer allowed.</param>
public sealed record EdgeSetChange(ImmutableArray<string> Added, ImmutableArray<string> Updated, ImmutableArray<string> Removed)
{
    /// <summary>True when nothing changed.</summary>
    public bool IsEmpty => Added.IsEmpty && Updated.IsEmpty && Removed.IsEmpty;
}
