using Tunnel.Edge.Configuration;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// Our table in the kernel: puts rulesets into it, and removes it. The first edge of a machine has the table <c>tunnel_edge</c>, and
/// another edge beside it has <c>tunnel_edge_IDENTITY</c>. A table of another edge is never touched. Calls must come one at a time.
/// </summary>
/// <param name="nft">Runs transactions.</param>
/// <param name="identity">Which edge of this machine it is (<see cref="EdgeIdentity"/>).</param>
/// <param name="instance">This process start, 32 hexadecimal digits.</param>
/// <param name="time">Tells which elements have ended by themselves.</param>
internal sealed class NftTable(INft nft, string identity, string instance, TimeProvider time)
{
    private static readonly NftResult Done = new(NftOutcome.Done, "");

    private NftOwner _owner = new(identity, 1, instance);
    private readonly long _start = time.GetTimestamp();
    private Ruleset? _installed;
    private NftInForce? _inForce;

    /// <summary>The name of the table that is ours, or was ours last.</summary>
    public string Name { get; private set; } = NftJson.Table;

    private NftDocument Document => new(Name);

    private long Now => (long)time.GetElapsedTime(_start).TotalSeconds;

    /// <summary>Replaces the ruleset; null removes the table. After a failure the previous ruleset is still in force.</summary>
    public async Task<NftResult> InstallAsync(Ruleset? next, CancellationToken cancellationToken)
    {
        var result = next is null ? await RemoveAsync(cancellationToken)
            : _installed is not { } current ? await PlaceAsync(next, cancellationToken)
            : await nft.RunAsync(Document.Update(current, next, _owner), cancellationToken);
        // Somebody has removed or changed our table without our knowledge (`nft flush ruleset`), or a successor has made its own.
        if (result.Outcome == NftOutcome.Refused && next is not null && _installed is not null)
            result = await PlaceAsync(next, cancellationToken);
        return result.Succeeded ? await NoteAsync(result, next, cancellationToken) : result;
    }

    /// <summary>Creates the table anew, whatever is left of it.</summary>
    public async Task<NftResult> RestoreAsync(Ruleset ruleset, CancellationToken cancellationToken)
    {
        var result = await PlaceAsync(ruleset, cancellationToken);
        return result.Succeeded ? await NoteAsync(result, ruleset, cancellationToken) : result;
    }

    /// <summary>
    /// Returns what somebody else has changed in our table since it was put in force, in words; null when nothing has changed or it can't
    /// be found out.
    /// </summary>
    public async Task<string?> FindDriftAsync(CancellationToken cancellationToken)
    {
        if (_installed is null)
            return null;
        var chains = await nft.RunAsync(NftDocument.ListChains(), cancellationToken);
        if (!chains.Succeeded || OwnersIn(chains.Text).Any(found => IsNewer(found.Owner)))
            return null;
        if (OwnersIn(chains.Text).All(found => found.Owner != _owner))
            return "the table is gone, or has another owner";
        var found = await ReadAsync(_installed, cancellationToken);
        return found is null ? null : (_inForce ??= found).DriftTo(found, Now);
    }

    /// <summary>Removes what an earlier process of this edge left behind when it was killed.</summary>
    /// <returns>Whether something was removed, and why something could not be; the error is null when nothing is left.</returns>
    public async Task<(bool Removed, string? Error)> RemoveLeftoverAsync(CancellationToken cancellationToken)
    {
        var chains = await nft.RunAsync(NftDocument.ListChains(), cancellationToken);
        (var removed, string? error) = (false, null);
        foreach ((var table, var owner) in chains.Succeeded ? OwnersIn(chains.Text) : [])
        {
            Succeed(owner);
            var result = await nft.RunAsync(new NftDocument(table).Remove(owner), cancellationToken);
            removed |= result.Succeeded;
            error = result.Succeeded ? error : $"the table {table} is still there: {result.Text}";
        }

        return (removed, error);
    }

    private async Task<NftResult> NoteAsync(NftResult result, Ruleset? installed, CancellationToken cancellationToken)
    {
        (_installed, _inForce) = (installed, null);
        if (installed is not null)
            _inForce = await ReadAsync(installed, cancellationToken);
        return result;
    }

    /// <summary>Reads what is in force; returns null when that can't be found out.</summary>
    private async Task<NftInForce?> ReadAsync(Ruleset installed, CancellationToken cancellationToken)
    {
        var table = await nft.ListAsync(Document.List(), cancellationToken);
        var sets = new List<string>();
        foreach (var set in installed.Elements.Keys)
        {
            // A set that is gone is missing from the table's listing, too.
            if (await nft.RunAsync(Document.ListSet(set), cancellationToken) is { Succeeded: true } elements)
                sets.Add(elements.Text);
        }

        return table.Succeeded ? NftInForce.Read(table.Text, sets, Now) : null;
    }

    private async Task<NftResult> RemoveAsync(CancellationToken cancellationToken)
    {
        if (_installed is null)
            return Done;
        var result = await nft.RunAsync(Document.Remove(_owner), cancellationToken);
        // A refusal means that the table is gone already, or belongs to a successor.
        return result.Outcome == NftOutcome.Refused ? Done : result;
    }

    /// <summary>Takes over this edge's own table, or creates it under the first name that is free.</summary>
    private async Task<NftResult> PlaceAsync(Ruleset next, CancellationToken cancellationToken)
    {
        var tables = await nft.RunAsync(NftDocument.ListTables(), cancellationToken);
        var chains = tables.Succeeded ? await nft.RunAsync(NftDocument.ListChains(), cancellationToken) : tables;
        if (!chains.Succeeded)
            return chains;
        if (OwnersIn(chains.Text) is [var (table, previous), ..])
        {
            if (IsNewer(previous))
                return new NftResult(NftOutcome.Refused, "a newer process of this edge has its table in place");
            Name = table;
            if (previous != _owner)
                Succeed(previous);
            return await nft.RunAsync(Document.Replace(previous, next, _owner), cancellationToken);
        }

        string[] names = [NftJson.Table, $"{NftJson.Table}_{identity}"];
        if (names.Except(NftListing.Tables(tables.Text)).FirstOrDefault() is not { } free)
            return new NftResult(NftOutcome.Refused, $"the tables {string.Join(" and ", names)} are there and are not this edge's");
        Name = free;
        return await nft.RunAsync(Document.Create(next, _owner), cancellationToken);
    }

    /// <summary>Makes this process newer than an earlier one, which may still run and must not take the table back.</summary>
    private void Succeed(NftOwner earlier) => _owner = _owner with { Generation = Math.Max(_owner.Generation, earlier.Generation + 1) };

    /// <summary>Returns the tables of this edge with the process that owns each, the newest first.</summary>
    private IReadOnlyList<(string Table, NftOwner Owner)> OwnersIn(string chains) =>
        [.. NftListing.Chains(chains)
            .Select(chain => (chain.Table, Owner: NftOwner.Parse(chain.Name)!))
            .Where(found => found.Owner?.Identity == identity)
            .OrderByDescending(found => found.Owner.Generation)];

    private bool IsNewer(NftOwner owner) => owner.Instance != instance && owner.Generation > _owner.Generation;
}
