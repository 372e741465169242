using System.Collections.Immutable;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Secrets;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.State;

/// <summary>The result of working out a change: the state after it, or null with the reason.</summary>
internal sealed record EdgeStateChange(EdgeState? After, EdgeUpdateResult Result)
{
    public static EdgeStateChange NotFound { get; } = new(null, new EdgeUpdateResult { Status = EdgeUpdateStatus.NotFound });
}

/// <summary>Works out the state after a change: validates and hashes, but changes nothing. Slow when secrets are chosen.</summary>
internal sealed class EdgeStateBuilder(SecretVerifier secrets, int maxEdges, DateTimeOffset now)
{
    /// <param name="before">The present set.</param>
    /// <param name="edges">The new set.</param>
    /// <param name="path">The JSON path of the set in what the operator wrote.</param>
    /// <param name="cancellationToken">Cancels the work: hashing thousands of chosen secrets takes minutes.</param>
    public EdgeStateChange ReplaceAll(
        EdgeState before, IReadOnlyList<EdgeDefinition> edges, string path, CancellationToken cancellationToken)
    {
        edges = [.. edges.Select(edge => KeptPem.Restore(edge, before.Definition(edge.Id)))];
        var faults = EdgeSetValidator.Validate(edges, before.Entries.ContainsKey, maxEdges, path, before: before.Definition);
        if (!faults.IsValid)
            return Invalid(faults);

        // A chosen secret takes about 40 ms to hash; half the cores are left to the tunnels.
        var entries = edges.AsParallel().WithDegreeOfParallelism(Math.Max(1, Environment.ProcessorCount / 2))
            .WithCancellation(cancellationToken)
            .Select(edge => Entry(before, edge)).ToImmutableDictionary(entry => entry.Edge.Id, StringComparer.Ordinal);
        return Valid(before, new EdgeState(entries), faults);
    }

    public EdgeStateChange Add(EdgeState before, EdgeDefinition edge)
    {
        var faults = new EdgeSetFaults();
        EdgeSetValidator.Check(edge, null, hasSecret: true, "$", faults);
        if (before.Entries.Count >= maxEdges)
            EdgeSetValidator.AddTooMany(before.Entries.Count + 1, maxEdges, "$", faults.Errors);
        if (!faults.IsValid)
            return Invalid(faults);
        if (before.Entries.ContainsKey(edge.Id))
            return new EdgeStateChange(null, new EdgeUpdateResult { Status = EdgeUpdateStatus.AlreadyExists });

        var secret = edge.Secret ?? GeneratedSecret.Create();
        var fresh = EdgeSecrets.Create();
        return Valid(
            before,
            before.With(new EdgeEntry(AllowedEdge.From(edge), fresh.Rotate(Record(fresh, edge.Secret, secret), TimeSpan.Zero, now))),
            faults, secret);
    }

    public EdgeStateChange Update(EdgeState before, EdgeDefinition edge)
    {
        if (before.Definition(edge.Id) is not { } existing)
            return EdgeStateChange.NotFound;
        edge = KeptPem.Restore(edge, existing);
        var faults = new EdgeSetFaults();
        EdgeSetValidator.Check(edge, existing, hasSecret: true, "$", faults);
        return faults.IsValid ? Valid(before, before.With(Entry(before, edge)), faults) : Invalid(faults);
    }

    /// <param name="before">The present set.</param>
    /// <param name="id">The edge to change.</param>
    /// <param name="edit">Makes the new definition, or returns null when there is nothing to change.</param>
    public EdgeStateChange Edit(EdgeState before, string id, Func<EdgeDefinition, FaultList, EdgeDefinition?> edit)
    {
        if (before.Entries.GetValueOrDefault(id) is not { } entry)
            return EdgeStateChange.NotFound;
        var unreadable = new FaultList();
        if (edit(entry.Edge.Definition, unreadable) is not { } edge)
            return unreadable.IsEmpty ? EdgeStateChange.NotFound : Invalid(unreadable.ToImmutable(), []);
        edge = KeptPem.Restore(edge, entry.Edge.Definition);
        var faults = new EdgeSetFaults();
        EdgeSetValidator.Check(edge, entry.Edge.Definition, hasSecret: true, "$", faults);
        if (!unreadable.IsEmpty || !faults.IsValid)
            return Invalid(Fault.Merge(unreadable.ToImmutable(), faults.ErrorList), faults.WarningList);
        if (edge.Id != id && before.Entries.ContainsKey(edge.Id))
            return new EdgeStateChange(null, new EdgeUpdateResult { Status = EdgeUpdateStatus.AlreadyExists });
        var renamed = edge.Id == id ? before : before.Without(id);
        return Valid(before, renamed.With(new EdgeEntry(AllowedEdge.From(edge), Secrets(entry.Secrets, edge.Secret))), faults);
    }

    public static EdgeStateChange Remove(EdgeState before, string id) =>
        before.Entries.ContainsKey(id) ? new EdgeStateChange(before.Without(id), new EdgeUpdateResult()) : EdgeStateChange.NotFound;

    /// <summary>Lets all secrets but one expire.</summary>
    public EdgeStateChange ExpireOthers(EdgeState before, string id, Guid secretId, TimeSpan grace) =>
        before.Entries.GetValueOrDefault(id) is { } entry
            ? new EdgeStateChange(before.With(entry with { Secrets = entry.Secrets.Prefer(secretId, grace, now) }), new EdgeUpdateResult())
            : EdgeStateChange.NotFound;

    /// <param name="before">The present set.</param>
    /// <param name="id">The edge.</param>
    /// <param name="chosen">The secret, or null for a generated one.</param>
    /// <param name="grace">How long the others stay valid; null: as long as before.</param>
    public EdgeStateChange Rotate(EdgeState before, string id, string? chosen, TimeSpan? grace)
    {
        if (before.Entries.GetValueOrDefault(id) is not { } entry)
            return EdgeStateChange.NotFound;
        var faults = new EdgeSetFaults();
        EdgeSetValidator.CheckSecret(chosen, hasSecret: true, "$", faults.Errors);
        if (!faults.IsValid)
            return Invalid(faults);
        var secret = chosen ?? GeneratedSecret.Create();
        var added = Record(entry.Secrets, chosen, secret);
        var rotated = grace is { } limit ? entry.Secrets.Rotate(added, limit, now) : entry.Secrets.Add(added, now);
        var change = Valid(before, before.With(entry with { Secrets = rotated }), faults, secret);
        return change with { Result = change.Result with { NewSecretId = added.Id } };
    }

    private EdgeEntry Entry(EdgeState before, EdgeDefinition edge)
    {
        var existing = before.Entries.GetValueOrDefault(edge.Id);
        return new EdgeEntry(AllowedEdge.From(edge), Secrets(existing?.Secrets, edge.Secret));
    }

    private EdgeSecrets Secrets(EdgeSecrets? existing, string? written) =>
        written is null ? existing! : secrets.Only(existing ?? EdgeSecrets.Create(), written, now);

    private EdgeSecret Record(EdgeSecrets edge, string? chosen, string secret) =>
        chosen is null ? secrets.Generated(edge, secret, now) : secrets.Chosen(edge, secret, now);

    private static EdgeStateChange Valid(EdgeState before, EdgeState after, EdgeSetFaults faults, string? secret = null)
    {
        EdgeSetValidator.CheckSize(before.JsonLength, after.JsonLength, faults.Errors);
        EdgeSetValidator.CheckTotal(before.PortCount, after.PortCount, "$", faults.Errors);
        return faults.IsValid ? new(after, new EdgeUpdateResult { Warnings = faults.WarningList, NewSecret = secret }) : Invalid(faults);
    }

    private static EdgeStateChange Invalid(EdgeSetFaults faults) => Invalid(faults.ErrorList, faults.WarningList);

    private static EdgeStateChange Invalid(ImmutableArray<Fault> errors, ImmutableArray<Fault> warnings) =>
        new(null, new EdgeUpdateResult { Status = EdgeUpdateStatus.Invalid, Errors = errors, Warnings = warnings });
}
