namespace Tunnel.Edge.Firewall;

/// <summary>Our table in the kernel: puts rulesets into it, and takes it away. Calls come one at a time.</summary>
/// <param name="nft">Runs transactions.</param>
/// <param name="generation">Of this process; higher is newer.</param>
/// <param name="instance">This process start, 32 hexadecimal digits.</param>
internal sealed class NftTable(INft nft, long generation, string instance)
{
    private readonly string _owner = NftDocument.OwnerChain(generation, instance);
    private Ruleset? _installed;

    /// <summary>Puts a ruleset in place of the one before; null: removes the table. A failure leaves the one before in force.</summary>
    public async Task<NftResult> InstallAsync(Ruleset? next, CancellationToken cancellationToken)
    {
        NftResult result = next is null ? await RemoveAsync(cancellationToken)
            : _installed is not { } current ? await ReplaceAsync(next, cancellationToken)
            : await nft.RunAsync(NftDocument.Update(current, next, _owner), cancellationToken);
        // Somebody has removed or changed our table behind our back (`nft flush ruleset`), or a successor has made its own.
        if (result.Outcome == NftOutcome.Refused && next is not null && _installed is not null)
            result = await ReplaceAsync(next, cancellationToken);
        if (result.Succeeded)
            _installed = next;
        return result;
    }

    /// <summary>Whether our table is in the kernel, as it should be; true when that can't be found out.</summary>
    public async Task<bool> IsInPlaceAsync(CancellationToken cancellationToken)
    {
        if (_installed is null)
            return true;
        NftResult chains = await nft.RunAsync(NftDocument.ListChains(), cancellationToken);
        return !chains.Succeeded || NftDocument.NamesIn(chains.Text, NftObject.Chain).Any(IsOursOrNewer);
    }

    /// <summary>Removes what a process left behind that was killed.</summary>
    /// <returns>Whether there was something.</returns>
    public async Task<bool> RemoveLeftoverAsync(CancellationToken cancellationToken)
    {
        NftResult tables = await nft.RunAsync(NftDocument.ListTables(), cancellationToken);
        if (!tables.Succeeded || !NftDocument.NamesIn(tables.Text, "table").Contains(NftJson.Table) || await IsOfNewerAsync(cancellationToken))
            return false;
        return (await nft.RunAsync(NftDocument.RemoveAny(), cancellationToken)).Succeeded;
    }

    private async Task<NftResult> RemoveAsync(CancellationToken cancellationToken)
    {
        if (_installed is null)
            return new NftResult(NftOutcome.Done, "");
        NftResult result = await nft.RunAsync(NftDocument.Remove(_owner), cancellationToken);
        // Refused: the table is gone already, or a successor's.
        return result.Outcome == NftOutcome.Refused ? new NftResult(NftOutcome.Done, "") : result;
    }

    private async Task<NftResult> ReplaceAsync(Ruleset next, CancellationToken cancellationToken) =>
        await IsOfNewerAsync(cancellationToken)
            ? new NftResult(NftOutcome.Refused, "a newer process of this edge has its table in place")
            : await nft.RunAsync(NftDocument.Replace(next, _owner), cancellationToken);

    private async Task<bool> IsOfNewerAsync(CancellationToken cancellationToken)
    {
        NftResult chains = await nft.RunAsync(NftDocument.ListChains(), cancellationToken);
        return chains.Succeeded && NftDocument.NamesIn(chains.Text, NftObject.Chain).Any(IsNewer);
    }

    private bool IsNewer(string chain) => NftDocument.GenerationOf(chain) > generation;

    private bool IsOursOrNewer(string chain) => chain == _owner || IsNewer(chain);
}
