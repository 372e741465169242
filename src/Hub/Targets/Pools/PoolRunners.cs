using System.Net;

namespace Tunnel.Hub.Targets.Pools;

/// <summary>
/// The members of a pool that one client's connection tries: the one that the pool chooses, then another, and so on. An address of the
/// same name is tried soon beside a silent one, another target when the silent one has had its share of the time.
/// </summary>
internal sealed class PoolRunners(TargetPool pool, IPAddress? source, TimeSpan timeout) : IConnectRunners
{
    // A silent target is given up for the client's sake before all the time is gone, however few there are.
    private const double Enough = 0.9;

    private readonly List<PoolMember> _tried = [];
    private readonly TimeSpan _share = timeout / Math.Clamp(pool.Count, 1, 4);

    public ConnectRunner? Next()
    {
        var last = _tried.Count > 0 ? _tried[^1] : null;
        var use = (last is null ? null : pool.Take(source, _tried, last.Target)) ?? pool.Take(source, _tried);
        if (use is null)
            return null;
        _tried.Add(use.Member);
        var patience = pool.HasOther(use.Member, _tried) ? ConnectRace.Stagger : _share;
        return new ConnectRunner(use.Member.Address, patience, use);
    }

    public void OnEnded(in ConnectRunner runner, in ConnectOutcome outcome)
    {
        var use = (PoolUse)runner.Use!;
        if (outcome.Succeeded)
        {
            use.NoteConnected();
            return;
        }

        if (outcome.Failure == StreamFailure.ConnectTimeout)
        {
            OnLost(runner);
            return;
        }

        if (outcome.Failure.IsOfUpstream())
            use.NoteFailed(outcome.Failure);
        use.End();
    }

    // A member that was overtaken a moment later has done nothing wrong; one that let its share of the time pass has.
    public void OnLost(in ConnectRunner runner)
    {
        var use = (PoolUse)runner.Use!;
        if (use.HasTaken(_share * Enough))
            use.NoteFailed(StreamFailure.ConnectTimeout);
        use.End();
    }
}
