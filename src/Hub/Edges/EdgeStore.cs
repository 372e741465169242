using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Tunnel.Hub.Edges;

/// <summary>The allowed edges: kept in a file, changed one writer at a time, read without a lock.</summary>
public sealed class EdgeStore : IAllowedEdges, IAsyncDisposable
{
    /// <inheritdoc/>
    public event Action<EdgeSetChange>? Changed { add { } remove { } }

    /// <summary>The set as it is now.</summary>
    public ImmutableDictionary<string, AllowedEdge> Current => throw new NotImplementedException();

    /// <summary>Opens the state, or starts it with <paramref name="seed"/> when there is none.</summary>
    /// <param name="stateDir">Directory of <c>edges.json</c>; made when it is missing.</param>
    /// <param name="seed">The configuration's edges, for a state that does not exist yet.</param>
    /// <param name="maxEdges">Most edges that the set may have.</param>
    /// <param name="time">The clock of secrets that expire.</param>
    /// <param name="loggerFactory">Where to log.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="EdgeStoreException">The state can't be read or written, or the seed is invalid; the message is for the operator.</exception>
    public static Task<EdgeStore> OpenAsync(
        string stateDir, IReadOnlyList<EdgeDefinition> seed, int maxEdges, TimeProvider time, ILoggerFactory loggerFactory, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <inheritdoc/>
    public AllowedEdge? Find(string id) => throw new NotImplementedException();

    /// <inheritdoc/>
    public ValueTask<AuthenticationResult> AuthenticateAsync(string id, string secret, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <inheritdoc/>
    public bool IsStillValid(string edgeId, Guid secretId) => throw new NotImplementedException();

    /// <summary>Replaces the whole set (<c>updateAllowedEdges</c>): validated whole, persisted, then in force.</summary>
    /// <param name="edges">The new set; an edge without a secret keeps the one it has.</param>
    /// <param name="dryRun">Only checks and compares.</param>
    /// <param name="cancellationToken">Gives up before anything is written.</param>
    /// <exception cref="EdgeStoreException">The state could not be written; the old set stays.</exception>
    public Task<EdgeUpdateResult> ReplaceAllAsync(IReadOnlyList<EdgeDefinition> edges, bool dryRun, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>Stops the timer of expiring secrets and waits for a writer under way.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
