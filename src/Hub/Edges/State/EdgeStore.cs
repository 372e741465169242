using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Secrets;
using Tunnel.Hub.Keeping;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Edges.State;

// Over 300 lines: all ways of changing the state are here; each change is validated, written and then reported by the same few lines.
/// <summary>
/// The allowed edges (<c>updateAllowedEdges</c>), read without a lock and changed by one writer at a time. Every change is validated as a
/// whole and on the disk before it takes effect; a change that fails leaves everything as it was.
/// </summary>
public sealed class EdgeStore : IAllowedEdges, IAsyncDisposable
{
    private readonly IDocumentKeeper _keeper;
    private readonly EdgeStateFormat _format;
    private readonly KeptValue<EdgeState> _kept;
    private readonly SecretVerifier _secrets;
    private readonly SecretMemory _memory;
    private readonly int _maxEdges;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly EdgeChangeNotifier _notifier;
    private readonly SecretExpiry _expiry;

    internal EdgeStore(
        IDocumentKeeper keeper, ISecretHasher hasher, SecretMemory memory, int maxEdges, TimeProvider time, ILoggerFactory loggerFactory)
    {
        _keeper = keeper;
        _format = new EdgeStateFormat(keeper.Place);
        _kept = new KeptValue<EdgeState>(keeper, EdgeState.Empty)
        {
            Read = _format.Read,
            Write = EdgeStateFormat.Write,
            Applied = OnApplied,

            // This is done also after a change that failed, because its secrets were hashed and would stay remembered.
            Finished = ForgetUnusedSecrets,
        };
        _secrets = new SecretVerifier(hasher, memory);
        _memory = memory;
        _maxEdges = maxEdges;
        _time = time;
        _logger = loggerFactory.CreateLogger<EdgeStore>();
        _notifier = new EdgeChangeNotifier(_logger);
        _expiry = new SecretExpiry(_kept, time, _logger);
    }

    /// <inheritdoc/>
    public event Action<EdgeSetChange>? Changed
    {
        add => _notifier.Changed += value;
        remove => _notifier.Changed -= value;
    }

    /// <summary>The present set.</summary>
    public ImmutableDictionary<string, AllowedEdge> Current => _kept.Current.Edges;

    /// <summary>The present set with its entity tag.</summary>
    internal EdgeState State => _kept.Current;

    /// <summary>Opens the state, or creates it from <paramref name="seed"/> when there is none.</summary>
    /// <param name="keeper">Keeps the state.</param>
    /// <param name="stateDir">The directory of what only this hub keeps; made when it is missing.</param>
    /// <param name="seed">The configuration's edges, for a state that does not exist yet.</param>
    /// <param name="maxEdges">The number of edges that the set may have.</param>
    /// <param name="time">The clock by which secrets expire.</param>
    /// <param name="loggerFactory">Makes the logs.</param>
    /// <param name="cancellationToken">Cancels the opening.</param>
    /// <exception cref="OperatorException">The state can't be read or written, or the seed is invalid; the message is for the
    /// operator.</exception>
    internal static async Task<EdgeStore> OpenAsync(
        IDocumentKeeper keeper, string stateDir, IReadOnlyList<EdgeDefinition> seed, int maxEdges, TimeProvider time,
        ILoggerFactory loggerFactory, CancellationToken cancellationToken)
    {
        var memory = new SecretMemory(new SecretMemoryFile(stateDir, new StateFiles()), time, loggerFactory.CreateLogger<EdgeStore>());
        var store = new EdgeStore(keeper, new SecretHasher(memory.Key), memory, maxEdges, time, loggerFactory);
        try
        {
            await store.LoadAsync(seed, cancellationToken);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public int Count => _kept.Current.Edges.Count;

    /// <inheritdoc/>
    public AllowedEdge? Find(string id) => _kept.Current.Edges.GetValueOrDefault(id);

    /// <inheritdoc/>
    public async ValueTask<AuthenticationResult> AuthenticateAsync(
        string id, string secret, IPAddress from, bool blocked, CancellationToken cancellationToken)
    {
        var state = _kept.Current;
        var entry = state.Entries.GetValueOrDefault(id);

        // A disabled edge is treated like an unknown one, whether or not the secret is correct.
        var secrets = entry is { Edge.Enabled: true } ? entry.Secrets : null;
        var (match, secretId) = await _secrets.VerifyAsync(
            secrets, secret, state.HasChosenSecrets && !blocked, AddressPrefix.Of(from), _time.GetUtcNow(), cancellationToken);
        return match switch
        {
            SecretMatch.Matched => AuthenticationResult.Accepted(entry!.Edge, secretId),
            SecretMatch.Busy => AuthenticationResult.Busy,
            _ => AuthenticationResult.Refused,
        };
    }

    /// <inheritdoc/>
    public bool IsStillValid(string edgeId, Guid secretId) =>
        _kept.Current.Entries.GetValueOrDefault(edgeId) is { Edge.Enabled: true } entry
            && entry.Secrets.IsValid(secretId, _time.GetUtcNow());

    /// <summary>The number of edges that the set may have.</summary>
    internal int MaxEdges => _maxEdges;

    /// <summary>Returns the faults of a set that was read only in part, to report them together with what could not be read.</summary>
    internal ImmutableArray<Fault> Validate(IReadOnlyList<EdgeDefinition> edges) =>
        EdgeSetValidator.Validate(
            [.. edges.Select(edge => KeptPem.Restore(edge, _kept.Current.Definition(edge.Id)))],
            _kept.Current.Entries.ContainsKey, _maxEdges, before: _kept.Current.Definition).ErrorList;

    /// <summary>Replaces the whole set: it is validated as a whole and persisted before it takes effect.</summary>
    /// <param name="edges">The new set; an edge without a secret keeps its present one.</param>
    /// <param name="dryRun">Whether to only check and compare.</param>
    /// <param name="cancellationToken">Cancels the change before anything is written.</param>
    /// <param name="condition">Gets the present entity tag, or null for none; when it returns false, nothing is changed.</param>
    /// <exception cref="OperatorException">The state could not be written; the old set stays.</exception>
    public Task<EdgeUpdateResult> ReplaceAllAsync(
        IReadOnlyList<EdgeDefinition> edges, bool dryRun, CancellationToken cancellationToken, Func<string?, bool>? condition = null) =>
        ChangeAsync(
            state => Builder().ReplaceAll(state, edges, "$", cancellationToken), dryRun, cancellationToken,
            state => condition?.Invoke(state.Tag));

    /// <summary>Adds one edge. If it has no secret, the hub makes one: <see cref="EdgeUpdateResult.NewSecret"/>.</summary>
    /// <inheritdoc cref="ReplaceAllAsync"/>
    public Task<EdgeUpdateResult> AddAsync(
        EdgeDefinition edge, CancellationToken cancellationToken, Func<string?, bool>? condition = null) =>
        ChangeAsync(
            state => Builder().Add(state, edge), dryRun: false, cancellationToken, state => condition?.Invoke(state.TagOf(edge.Id)));

    /// <summary>Replaces one edge; without a secret it keeps its present ones.</summary>
    /// <inheritdoc cref="ReplaceAllAsync"/>
    public Task<EdgeUpdateResult> UpdateAsync(
        EdgeDefinition edge, CancellationToken cancellationToken, Func<string?, bool>? condition = null) =>
        ChangeAsync(
            state => Builder().Update(state, edge), dryRun: false, cancellationToken, state => condition?.Invoke(state.TagOf(edge.Id)));

    /// <summary>
    /// Changes one edge, starting from its definition at that moment; with another id it is renamed and keeps its secrets.
    /// </summary>
    /// <param name="id">The edge.</param>
    /// <param name="edit">Gets the present definition and a list for faults, and returns the new definition; null: what was to be changed
    /// does not exist.</param>
    /// <param name="dryRun">Whether to only check and compare.</param>
    /// <param name="cancellationToken">Cancels the change before anything is written.</param>
    /// <param name="condition">Gets the entity tag of the edge, or null for none; when it returns false, nothing is changed.</param>
    /// <exception cref="OperatorException">The state could not be written; the old set stays.</exception>
    internal Task<EdgeUpdateResult> EditAsync(
        string id, Func<EdgeDefinition, FaultList, EdgeDefinition?> edit, bool dryRun, CancellationToken cancellationToken,
        Func<string?, bool>? condition = null) =>
        ChangeAsync(state => Builder().Edit(state, id, edit), dryRun, cancellationToken, state => condition?.Invoke(state.TagOf(id)));

    /// <summary>Removes one edge; its tunnels end.</summary>
    /// <inheritdoc cref="ReplaceAllAsync"/>
    public Task<EdgeUpdateResult> RemoveAsync(string id, CancellationToken cancellationToken, Func<string?, bool>? condition = null) =>
        ChangeAsync(
            state => EdgeStateBuilder.Remove(state, id), dryRun: false, cancellationToken, state => condition?.Invoke(state.TagOf(id)));

    /// <summary>Gives an edge another secret and lets the others expire.</summary>
    /// <param name="id">The edge.</param>
    /// <param name="chosen">The secret, or null for a generated one.</param>
    /// <param name="grace">How long the others stay valid; with zero they end at once.</param>
    /// <param name="cancellationToken">Cancels the change before anything is written.</param>
    /// <returns>The outcome with <see cref="EdgeUpdateResult.NewSecret"/>.</returns>
    /// <exception cref="OperatorException">The state could not be written; the old secrets stay.</exception>
    public Task<EdgeUpdateResult> RotateSecretAsync(string id, string? chosen, TimeSpan grace, CancellationToken cancellationToken) =>
        ChangeAsync(state => Builder().Rotate(state, id, chosen, grace), dryRun: false, cancellationToken);

    /// <summary>Gives an edge another secret beside its present ones, which stay as they are.</summary>
    /// <inheritdoc cref="RotateSecretAsync"/>
    internal Task<EdgeUpdateResult> AddSecretAsync(string id, string? chosen, CancellationToken cancellationToken) =>
        ChangeAsync(state => Builder().Rotate(state, id, chosen, grace: null), dryRun: false, cancellationToken);

    /// <summary>Lets all secrets of an edge but one expire after a grace period; with zero they end at once.</summary>
    /// <exception cref="OperatorException">The state could not be written; all secrets stay as they were.</exception>
    internal Task<EdgeUpdateResult> ExpireOtherSecretsAsync(
        string id, Guid secretId, TimeSpan grace, CancellationToken cancellationToken) =>
        ChangeAsync(state => Builder().ExpireOthers(state, id, secretId, grace), dryRun: false, cancellationToken);

    /// <summary>
    /// Whether this is a valid secret of the edge, enabled or not. For the operator's commands only: it may take long, and its duration
    /// reveals the answer.
    /// </summary>
    public Task<bool> HasSecretAsync(string id, string secret, CancellationToken cancellationToken) =>
        Task.Run(
            () => _kept.Current.Entries.GetValueOrDefault(id) is { } entry
                && _secrets.Find(entry.Secrets, secret, _time.GetUtcNow()) is not null,
            cancellationToken);

    /// <summary>Stops the timer of expiring secrets and waits for a writer that is under way.</summary>
    public async ValueTask DisposeAsync()
    {
        await _expiry.DisposeAsync();
        await _kept.CloseAsync();
        await _memory.DisposeAsync();
    }

    internal async Task LoadAsync(IReadOnlyList<EdgeDefinition> seed, CancellationToken cancellationToken)
    {
        if (await _kept.OpenAsync(cancellationToken))
        {
            EdgesLog.Loaded(_logger, _kept.Current.Entries.Count, _keeper.Place);
            if (seed.Count > 0)
                EdgesLog.SeedIgnored(_logger, _keeper.Place);
            _expiry.Arm(_kept.Current);
            foreach (var fault in _format.Tolerated)
                EdgesLog.Tolerated(_logger, fault);
            ForgetUnusedSecrets();
        }
        else if (seed.Count > 0)
        {
            await SeedAsync(seed, cancellationToken);
        }
    }

    private async Task SeedAsync(IReadOnlyList<EdgeDefinition> seed, CancellationToken cancellationToken)
    {
        // Another hub may have begun with its own seed meanwhile, which counts then.
        var result = await ChangeAsync(
            present => present.Entries.IsEmpty ? Builder().ReplaceAll(present, seed, "edges", cancellationToken) : new(null, new()),
            dryRun: false, cancellationToken);
        if (!result.Succeeded)
        {
            throw new OperatorException(
                "The configuration's edges can't be used:\n" + string.Join('\n', result.Errors.Select(error => $"  {error}")));
        }

        if (result.Diff.IsEmpty)
            EdgesLog.SeedIgnored(_logger, _keeper.Place);
        else
            EdgesLog.Seeded(_logger, seed.Count, _keeper.Place);
    }

    private EdgeStateBuilder Builder() => new(_secrets, _maxEdges, _time.GetUtcNow());

    private async Task<EdgeUpdateResult> ChangeAsync(
        Func<EdgeState, EdgeStateChange> prepare, bool dryRun, CancellationToken cancellationToken,
        Func<EdgeState, bool?>? condition = null)
    {
        var result = new EdgeUpdateResult();
        await _kept.ChangeAsync(
            before =>
            {
                result = Prepare(before, prepare, condition);
                return result.Succeeded && !dryRun && !ReferenceEquals(result.After, before) ? result.After : null;
            },
            cancellationToken);
        if (result.Succeeded && !dryRun)
        {
            foreach (var warning in result.Warnings)
                EdgesLog.Warning(_logger, warning);
        }

        return result;
    }

    private EdgeUpdateResult Prepare(
        EdgeState before, Func<EdgeState, EdgeStateChange> prepare, Func<EdgeState, bool?>? condition)
    {
        if (condition?.Invoke(before) == false)
            return new EdgeUpdateResult { Status = EdgeUpdateStatus.PreconditionFailed, After = before };
        var change = prepare(before);
        return change.After is { } after
            ? change.Result with { Diff = EdgeSetDiffer.Compare(before, after), After = after.After(before, _time.GetUtcNow()) }
            : change.Result with { After = before };
    }

    private void OnApplied(EdgeState before, EdgeState after)
    {
        _expiry.Arm(after);
        var diff = EdgeSetDiffer.Compare(before, after);
        if (diff.IsEmpty)
            return;
        var change = EdgeSetDiffer.ToChange(diff);
        EdgesLog.Changed(
            _logger, change.Added.Length, change.Updated.Length, change.Removed.Length, EdgeSetDiffer.Names(diff));
        _notifier.Notify(change);
    }

    private void ForgetUnusedSecrets() =>
        _secrets.Retain(_kept.Current.Entries.Values.SelectMany(entry => entry.Secrets.Items).Select(secret => secret.Id).ToHashSet());
}
