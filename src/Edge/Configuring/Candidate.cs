using System.Text.Json;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Firewall;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Configuring;

/// <summary>
/// A configuration that a hub has sent, and what it is compared by. What each hub counts for itself is no difference between two: how long
/// blocks still last, and how many clients its targets bear just now (<c>adaptive</c>).
/// </summary>
internal sealed class Candidate
{
    // Null when the edge could not take it.
    private readonly FirewallConfig? _firewall;

    /// <param name="received">The configuration.</param>
    /// <param name="now">When it came, as a timestamp; its blocks count down from then on.</param>
    public Candidate(ReceivedConfig received, long now)
    {
        Received = received;
        if (received.Config.FirewallConfig is not { } json)
            _firewall = FirewallConfig.Empty;
        else if (FirewallConfigReader.ReadFromHub(json, out var firewall).IsEmpty)
            _firewall = firewall;
        if (_firewall is { TimedBlocks.IsEmpty: false })
            Blocks = new ReceivedBlocks(_firewall.TimedBlocks, now);
    }

    public ReceivedConfig Received { get; }

    public int Hub => Received.Hub;

    /// <summary>The revision of what the hub's state says of this edge; -1 from a hub that does not say.</summary>
    public long State => Config.Hub?.State ?? -1;

    /// <summary>Its timed blocks; null when there are none.</summary>
    public ReceivedBlocks? Blocks { get; }

    private TunnelConfig Config => Received.Config;

    /// <summary>Whether the operator wants the same of this edge.</summary>
    public bool IsWrittenAs(Candidate other) =>
        HasPortsOf(other) && HasFirewallOf(other)
        && Config.Ports.Keys.Concat(other.Config.Ports.Keys).All(
            key => Written(Config.PolicyFor(key)) == Written(other.Config.PolicyFor(key)));

    /// <summary>Whether the operator wants the same firewall.</summary>
    public bool HasFirewallOf(Candidate other) => _firewall is { } mine && other._firewall is { } others
        ? mine.IsWrittenAs(others)
        : TextOf(Config.FirewallConfig) == TextOf(other.Config.FirewallConfig);

    /// <summary>Whether this edge would see no difference, blocks and rates included.</summary>
    public bool IsSameAs(Candidate other) =>
        HasPortsOf(other) && TextOf(Config.FirewallConfig) == TextOf(other.Config.FirewallConfig)
        && Config.Ports.Count == other.Config.Ports.Count
        && Config.Ports.All(entry => other.Config.Ports.TryGetValue(entry.Key, out var policy) && entry.Value == policy);

    private bool HasPortsOf(Candidate other) =>
        Config.ListenPorts.AsSpan().SequenceEqual(other.Config.ListenPorts.AsSpan())
        && Config.ListenPortsUdp.AsSpan().SequenceEqual(other.Config.ListenPortsUdp.AsSpan())
        && Config.StunIntervalSecs == other.Config.StunIntervalSecs;

    private static EdgePortPolicy Written(EdgePortPolicy policy) => policy.Adaptive is null ? policy : policy with { Adaptive = 1 };

    private static string? TextOf(JsonElement? json) => json?.GetRawText();
}
