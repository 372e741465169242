using Tunnel.Hub.Targets.Pools;

namespace Tunnel.Hub.Targets.Health;

/// <summary>Asks a target once whether it works.</summary>
internal interface IHealthProbe
{
    /// <summary>Makes one check. Every expected failure is a result, not an exception.</summary>
    /// <param name="check">What is checked, and how.</param>
    /// <param name="limit">Fires when the check's time has passed.</param>
    /// <returns>Null when the target works; else what is wrong, in a few words.</returns>
    Task<string?> CheckAsync(MemberCheckKey check, CancellationToken limit);
}
