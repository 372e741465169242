namespace Tunnel.Hub.Edges.Live;

/// <summary>The decision when a second tunnel of one edge id arrives.</summary>
internal enum RivalryOutcome
{
    /// <summary>Both live; new streams go to the newcomer, and the older one drains.</summary>
    OlderDrains,

    /// <summary>Both live; the newcomer belongs to the process that is being taken over from, so it drains.</summary>
    NewcomerDrains,

    /// <summary>The newcomer is another process: the older one stays if it answers, else it is replaced.</summary>
    ProbeOlder,

    /// <summary>The older one is closed.</summary>
    ReplaceOlder,

    /// <summary>The newcomer is closed.</summary>
    RefuseNewcomer,
}

/// <summary>The rule for two tunnels of one id (protocol.md section 2).</summary>
internal static class TunnelRivalry
{
    /// <summary>
    /// The least time between two replacements by base peers. Without it, two base peers with one id would replace each other as fast as
    /// they can connect.
    /// </summary>
    public static readonly TimeSpan MinReplaceInterval = TimeSpan.FromSeconds(10);

    /// <summary>The time within which a live tunnel answers.</summary>
    public static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(3);

    /// <param name="older">The tunnel that exists already.</param>
    /// <param name="newcomer">The tunnel that has authenticated now.</param>
    /// <param name="sinceLastReplaced">The time since a base peer last replaced a tunnel of this id.</param>
    public static RivalryOutcome Decide(TunnelIdentity older, TunnelIdentity newcomer, TimeSpan sinceLastReplaced)
    {
        if (!newcomer.IsKnown)
            return sinceLastReplaced >= MinReplaceInterval ? RivalryOutcome.ReplaceOlder : RivalryOutcome.RefuseNewcomer;
        // A base peer can't be told to drain.
        if (!older.IsKnown)
            return newcomer.TakesOver ? RivalryOutcome.ReplaceOlder : RivalryOutcome.ProbeOlder;
        if (newcomer.Instance == older.Instance || newcomer.Supersedes == older.Instance)
            return RivalryOutcome.OlderDrains;
        if (older.Supersedes == newcomer.Instance)
            return RivalryOutcome.NewcomerDrains;
        return newcomer.TakesOver ? RivalryOutcome.OlderDrains : RivalryOutcome.ProbeOlder;
    }
}
