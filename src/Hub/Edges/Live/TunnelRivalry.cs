namespace Tunnel.Hub.Edges.Live;

/// <summary>What happens when a second tunnel of one edge id comes.</summary>
internal enum RivalryOutcome
{
    /// <summary>Both live, new streams go to the newcomer, the older drains.</summary>
    OlderDrains,

    /// <summary>Both live, the newcomer is of the process that is being taken over from: it drains.</summary>
    NewcomerDrains,

    /// <summary>Another process: the older one lives on if it answers, else it is replaced.</summary>
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
    /// Two base peers with one id would otherwise throw each other out as fast as they can connect.
    /// </summary>
    public static readonly TimeSpan MinReplaceInterval = TimeSpan.FromSeconds(10);

    /// <summary>Time in which a live tunnel answers.</summary>
    public static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(3);

    /// <param name="older">The tunnel that is there.</param>
    /// <param name="newcomer">The one that has authenticated now.</param>
    /// <param name="sinceLastReplaced">Time since a base peer last replaced a tunnel of this id.</param>
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
