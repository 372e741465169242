namespace Tunnel.Shared.Transport;

/// <summary>
/// Sums what tunnels that have ended have carried. One whose streams wait for another tunnel still counts those of them that end meanwhile,
/// so it is added up only when none waits any more. Its owner's lock guards it.
/// </summary>
public sealed class EndedTunnels
{
    private readonly List<ITunnel> _waiting = [];
    private TunnelCounters _settled;

    /// <summary>The sum.</summary>
    public TunnelCounters Sum
    {
        get
        {
            Settle();
            return _waiting.Aggregate(_settled, static (sum, tunnel) => sum.Plus(tunnel.Counters));
        }
    }

    /// <summary>Adds a tunnel that has ended.</summary>
    public void Add(ITunnel tunnel)
    {
        _waiting.Add(tunnel);
        Settle();
    }

    private void Settle() => _waiting.RemoveAll(tunnel =>
    {
        if (!tunnel.StreamsSettled.IsCompleted)
            return false;
        _settled = _settled.Plus(tunnel.Counters);
        return true;
    });
}
