using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Tunnel.Edge.Configuration;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Text;

namespace Tunnel.Edge.Firewall;

/// <summary>Turns what a hub sent into a plan within this edge's own limits.</summary>
internal sealed class FirewallPlanner(FirewallMode mode, ImmutableArray<int> protectedPorts, TimeProvider time)
{
    /// <summary>The ports that are open to everybody. Used under the controller's lock.</summary>
    public ImmutableArray<int> ProtectedPorts { get; set; } = protectedPorts;

    private readonly long _start = time.GetTimestamp();

    /// <summary>Seconds since the start, from a clock that nobody can set.</summary>
    public long Now => (long)time.GetElapsedTime(_start).TotalSeconds;

    public string ModeName => mode switch { FirewallMode.Off => "off", FirewallMode.BlockOnly => "blockOnly", _ => "full" };

    /// <summary>Returns the plan, or what is wrong with the configuration.</summary>
    /// <param name="json">The hub's <c>firewallConfig</c>; null when it has none.</param>
    /// <param name="hub">The hub's addresses.</param>
    /// <param name="blocks">The timed blocks of all hubs that count; of two of one source, the one that ends later.</param>
    public PlanResult Plan(JsonElement? json, IEnumerable<IPAddress> hub, IEnumerable<ReceivedBlocks> blocks)
    {
        var config = FirewallConfig.Empty;
        if (json is { } value && FirewallConfigReader.ReadFromHub(value, out config) is { IsEmpty: false } faults)
            return new PlanResult(null, [.. faults.Select(fault => fault.ToString())]);

        var left = mode == FirewallMode.BlockOnly ? LeftOut(config) : [];
        if (mode == FirewallMode.BlockOnly)
            config = config with { RateLimits = [], Rules = [] };
        return new PlanResult(
            new FirewallPlan
            {
                Config = config with { TimedBlocks = [] },
                BlocksUntil = Unite(blocks),
                ProtectedPorts = ProtectedPorts,
                Key = KeyOf(json),
                NeverBlocked = [.. hub.Select(IpRange.Of).Distinct()],
            },
            [.. left]);
    }

    private ImmutableArray<(IpRange Source, long Until)> Unite(IEnumerable<ReceivedBlocks> blocks)
    {
        var (all, now) = (new OrderedDictionary<IpRange, long>(), Now);
        foreach (var received in blocks)
        {
            var since = (long)time.GetElapsedTime(_start, received.Since).TotalSeconds;
            foreach (var block in received.All)
                all[block.Source] = Math.Max(all.GetValueOrDefault(block.Source), since + block.Seconds);
        }

        return [.. all.Where(block => block.Value > now).Select(block => (block.Key, block.Value))];
    }

    /// <summary>Returns what the operator wrote, word for word, without the hub's timed blocks.</summary>
    private static string KeyOf(JsonElement? json) => json is not { } value ? "" : string.Join(
        ';',
        value.EnumerateObject().Where(member => !member.NameEquals(FirewallConfigReader.TimedBlocksMember)).Select(
            member => member.Value.GetRawText()));

    private static string[] LeftOut(FirewallConfig config) => config.RateLimits.IsEmpty && config.Rules.IsEmpty
        ? []
        : [
            $"{CountText.Of(config.RateLimits.Length, "rate limit")} and {CountText.Of(config.Rules.Length, "rule")} are left out: "
            + "this edge's firewall setting is blockOnly"];
}

/// <summary>The result of planning a hub's firewall.</summary>
/// <param name="Plan">What to do; null when the configuration is not valid.</param>
/// <param name="Notes">What is not valid, or was left out.</param>
internal sealed record PlanResult(FirewallPlan? Plan, ImmutableArray<string> Notes);
