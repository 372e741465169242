using System.Collections.Immutable;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Firewall;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Configuring;

/// <summary>
/// Decides which hub's configuration is in force: of the hubs with a tunnel, that of the one whose state has the highest revision. Of
/// several with the same, the one that is in force stays, or else the first in order counts. Pure, for one thread.
/// </summary>
internal sealed class ConfigElection
{
    private readonly SortedDictionary<int, ReceivedConfig> _present = [];

    /// <summary>The configuration in force; null when there is none, or none may be.</summary>
    public ReceivedConfig? InForce { get; private set; }

    /// <summary>The newest configuration of each hub that has a tunnel.</summary>
    public ImmutableArray<ReceivedConfig> Present => [.. _present.Values];

    /// <summary>The hubs that are told what became of the firewall: the one whose configuration is in force, then the others.</summary>
    public ImmutableArray<AskingHub> Asking => InForce is not { } inForce ? [] :
    [
        new(inForce.Tunnel, inForce.Revision, IsInForce: true),
        .. _present.Values.Where(config => config.Hub != inForce.Hub).Select(config => new AskingHub(
            config.Tunnel, config.Revision,
            !IsOutdated(config) || config.Config.FirewallConfig?.GetRawText() == inForce.Config.FirewallConfig?.GetRawText())),
    ];

    /// <summary>Takes what came from a hub.</summary>
    /// <returns>Whether <see cref="InForce"/> is to be applied; false when an edge would see no difference.</returns>
    public bool Take(ReceivedConfig received)
    {
        if (received.IsGone || received.IsRelease)
            _present.Remove(received.Hub);
        else
            _present[received.Hub] = received;
        var before = InForce;
        if (_present.Count > 0)
            InForce = _present.Values.Where(IsOfNewestState).MinBy(config => config.Hub == before?.Hub ? -1 : config.Hub);
        else if (received.IsRelease)
            InForce = null;
        if (InForce is null || ReferenceEquals(InForce, before))
            return false;
        // What the same hub sends again, after a new connection, is applied again; from another hub the same is nothing new.
        return before is null || before.Hub == InForce.Hub || !AreSame(before.Config, InForce.Config);
    }

    /// <summary>Whether a hub has sent something older than what is in force.</summary>
    public bool IsOutdated(ReceivedConfig config) =>
        InForce is { } inForce && StateOf(config) < StateOf(inForce) && !AreSame(config.Config, inForce.Config);

    private bool IsOfNewestState(ReceivedConfig config) => StateOf(config) == _present.Values.Max(StateOf);

    private static long StateOf(ReceivedConfig config) => config.Config.Hub?.State ?? -1;

    private static bool AreSame(TunnelConfig a, TunnelConfig b) =>
        a.ListenPorts.AsSpan().SequenceEqual(b.ListenPorts.AsSpan())
        && a.ListenPortsUdp.AsSpan().SequenceEqual(b.ListenPortsUdp.AsSpan())
        && a.StunIntervalSecs == b.StunIntervalSecs
        && a.FirewallConfig?.GetRawText() == b.FirewallConfig?.GetRawText()
        && a.Ports.Count == b.Ports.Count
        && a.Ports.All(entry => b.Ports.TryGetValue(entry.Key, out var other) && entry.Value == other);
}
