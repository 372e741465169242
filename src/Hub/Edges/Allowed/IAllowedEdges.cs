using System.Collections.Immutable;
using System.Net;

namespace Tunnel.Hub.Edges.Allowed;

/// <summary>The part of the allowed edges that the data path needs. All members may be called from any thread.</summary>
public interface IAllowedEdges
{
    /// <summary>
    /// Raised after a change was persisted and took effect, and when a secret has expired. Handlers run on a pool thread without any
    /// lock, one at a time, in the order of the changes.
    /// </summary>
    event Action<EdgeSetChange>? Changed;

    /// <summary>The number of edges, enabled or not.</summary>
    int Count { get; }

    /// <summary>Returns the edge of this id, enabled or not; null when there is none.</summary>
    AllowedEdge? Find(string id);

    /// <summary>
    /// Checks an id and a secret. An unknown id, a wrong secret and a disabled edge take the same work. Never does long work on the
    /// caller's thread.
    /// </summary>
    /// <param name="id">The id that the edge claims.</param>
    /// <param name="secret">The secret that is to prove it.</param>
    /// <param name="from">The edge's address: slow work is shared fairly between addresses (IPv6: /64).</param>
    /// <param name="blocked">True: the pair has failed too often, and nothing slow is done for it. A secret that the hub made still
    /// passes, and so does a chosen one that was correct before.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    ValueTask<AuthenticationResult> AuthenticateAsync(
        string id, string secret, IPAddress from, bool blocked, CancellationToken cancellationToken);

    /// <summary>
    /// Whether the edge exists and is enabled and this secret is neither removed nor expired, so that its tunnels may stay.
    /// </summary>
    bool IsStillValid(string edgeId, Guid secretId);
}

/// <summary>The effect of a change; the edges themselves are found by <see cref="IAllowedEdges.Find"/>.</summary>
/// <param name="Added">The ids of new edges.</param>
/// <param name="Updated">The ids whose configuration, secrets or <c>enabled</c> changed; also new ids that were changed again
/// since.</param>
/// <param name="Removed">The ids that are no longer allowed.</param>
public sealed record EdgeSetChange(ImmutableArray<string> Added, ImmutableArray<string> Updated, ImmutableArray<string> Removed)
{
    /// <summary>True when nothing changed.</summary>
    public bool IsEmpty => Added.IsEmpty && Updated.IsEmpty && Removed.IsEmpty;
}
