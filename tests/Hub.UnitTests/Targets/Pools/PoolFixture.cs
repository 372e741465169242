using System.Net;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets;
using Tunnel.Hub.Targets.Health;
using Tunnel.Hub.Targets.Pools;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Targets.Pools;

/// <summary>A pool in virtual time, with lots that are the same in each run and checks that say what the test wants.</summary>
internal sealed class PoolFixture : IPoolObserver, IHealthProbe
{
    private readonly Dictionary<string, IPAddress[]> _names = [];
    private readonly TargetResolver _resolver;

    public PoolFixture(PoolPolicy policy)
    {
        _resolver = new TargetResolver(Time, name => Task.FromResult(_names.GetValueOrDefault(name, [])));
        Monitor = new HealthMonitor(this, this, Time, new Random(1));
        Pool = CreatePool(policy, 80);
    }

    public ManualTimeProvider Time { get; } = new();

    public TargetPool Pool { get; }

    public HealthMonitor Monitor { get; }

    /// <summary>The events that were told.</summary>
    public List<string> Seen { get; } = [];

    /// <summary>The addresses that were checked, in order.</summary>
    public List<string> Checked { get; } = [];

    /// <summary>The faults of addresses.</summary>
    public Dictionary<string, string> Faults { get; } = [];

    /// <summary>Makes targets of these weights, at 10.0.0.1, 10.0.0.2 and so on.</summary>
    public static TargetList Of(params int[] weights) =>
        new([.. weights.Select((weight, index) => new TargetDefinition { Host = $"10.0.0.{index + 1}", Weight = weight })]);

    /// <summary>Makes the pool of another port.</summary>
    public TargetPool CreatePool(PoolPolicy policy, int port) =>
        new(new PoolKey("a", false, port), PoolSpec.Of(policy, "127.0.0.1", 80), _resolver, Monitor, this, Time, new Random(1));

    public void Resolve(string name, params string[] addresses) => _names[name] = [.. addresses.Select(IPAddress.Parse)];

    /// <summary>Takes a member and lets it go again, and returns the last number of its address.</summary>
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

    public Task<string?> CheckAsync(MemberCheckKey check, CancellationToken limit)
    {
        var address = check.Address.Address.ToString();
        Checked.Add(address);
        return Task.FromResult(Faults.GetValueOrDefault(address));
    }

    public void OnUp(string target, IReadOnlyList<PoolKey> pools, string reason) => Seen.Add($"up {target}: {reason}");

    public void OnDown(string target, IReadOnlyList<PoolKey> pools, string reason) => Seen.Add($"down {target}: {reason}");

    public void OnPanic(TargetPool pool, bool isPanicking) => Seen.Add(isPanicking ? "panic" : "calm");
}
