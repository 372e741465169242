using System.Net;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets;
using Tunnel.Hub.Targets.Pools;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Targets.Pools;

/// <summary>A pool in virtual time, with lots that are the same in each run, that keeps what it was told.</summary>
internal sealed class PoolFixture : IPoolObserver
{
    private readonly Dictionary<string, IPAddress[]> _names = [];

    public PoolFixture(PoolPolicy policy) => Pool = new TargetPool(
        new PoolKey("a", false, 80), PoolSpec.Of(policy, "127.0.0.1", 80),
        new TargetResolver(Time, name => Task.FromResult(_names.GetValueOrDefault(name, []))), this, Time, new Random(1));

    public ManualTimeProvider Time { get; } = new();

    public TargetPool Pool { get; }

    public List<string> Seen { get; } = [];

    /// <summary>Targets of these weights, at 10.0.0.1, 10.0.0.2 and so on.</summary>
    public static TargetList Of(params int[] weights) =>
        new([.. weights.Select((weight, index) => new TargetDefinition { Host = $"10.0.0.{index + 1}", Weight = weight })]);

    public void Resolve(string name, params string[] addresses) => _names[name] = [.. addresses.Select(IPAddress.Parse)];

    /// <summary>Takes a member and lets it go, and returns the last number of its address.</summary>
    public int? Next(string? source = null, Action<PoolUse>? outcome = null)
    {
        var use = Take(source);
        if (use is null)
            return null;
        outcome?.Invoke(use);
        use.End();
        return LastOf(use);
    }

    public PoolUse? Take(string? source = null) => Pool.Take(source is null ? null : IPAddress.Parse(source), []);

    public static int LastOf(PoolUse use) => use.Member.Address.Address.GetAddressBytes()[3];

    public void OnMembers(TargetPool pool)
    {
    }

    public void OnUp(TargetPool pool, PoolMember member, string reason) => Seen.Add($"up {member.Text}: {reason}");

    public void OnDown(TargetPool pool, PoolMember member, string reason) => Seen.Add($"down {member.Text}: {reason}");

    public void OnPanic(TargetPool pool, bool isPanicking) => Seen.Add(isPanicking ? "panic" : "calm");
}
