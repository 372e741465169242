namespace Tunnel.Edge.Firewall;

/// <summary>The result of a transaction.</summary>
/// <param name="Outcome">Whether it is in force.</param>
/// <param name="Text">What a listing printed, or why the transaction failed; bounded.</param>
internal sealed record NftResult(NftOutcome Outcome, string Text)
{
    public bool Succeeded => Outcome == NftOutcome.Done;
}

/// <summary>How a transaction ended.</summary>
internal enum NftOutcome
{
    /// <summary>All of it is in force.</summary>
    Done,

    /// <summary>Nothing of it is in force.</summary>
    Refused,

    /// <summary>This process or machine can't do it at all: no right, no program, no kernel support.</summary>
    Unavailable,
}
