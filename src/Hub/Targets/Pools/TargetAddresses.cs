using System.Collections.Immutable;
using System.Net;
using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Targets.Pools;

/// <summary>The addresses that a pool's targets have, as far as is known. Used under the pool's lock.</summary>
internal sealed class TargetAddresses
{
    // Names are looked at again this often; the resolver keeps its answers for longer.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private long _refreshedAt;

    public TargetAddresses(TargetList targets, TimeProvider time)
        : this([.. targets.Select(target => new Known(target))], time)
    {
    }

    private TargetAddresses(ImmutableArray<Known> targets, TimeProvider time) => (Targets, _time) = (targets, time);

    public ImmutableArray<Known> Targets { get; }

    /// <summary>Returns the addresses of other targets; a host that stays keeps its own until its name is looked up again.</summary>
    public TargetAddresses ChangeTo(TargetList targets)
    {
        var known = Targets.DistinctBy(target => target.Definition.Host).ToDictionary(target => target.Definition.Host);
        return new TargetAddresses(
            [.. targets.Select(target => new Known(target, known.GetValueOrDefault(target.Host)?.Addresses ?? []))], _time);
    }

    /// <summary>Takes over the answers that the resolver has.</summary>
    /// <param name="resolver">Knows the answers.</param>
    /// <param name="old">Receives the targets that have to be asked for.</param>
    /// <returns>Whether an address has changed.</returns>
    public bool Refresh(TargetResolver resolver, List<Known> old)
    {
        if (_refreshedAt != 0 && _time.GetElapsedTime(_refreshedAt) < Pause)
            return false;
        _refreshedAt = _time.GetTimestamp();
        var hasChanged = false;
        foreach (var target in Targets)
        {
            if (target.IsLiteral && target.Addresses.Length > 0)
                continue;
            if (resolver.TryResolve(target.Definition.Host, out var addresses))
                hasChanged |= target.Take(addresses);
            else
                old.Add(target);
        }

        return hasChanged;
    }

    /// <summary>The addresses of one target.</summary>
    internal sealed class Known(TargetDefinition definition, IPAddress[]? addresses = null)
    {
        public TargetDefinition Definition => definition;

        public bool IsLiteral { get; } = IPAddress.TryParse(definition.Host, out _);

        public IPAddress[] Addresses { get; private set; } = addresses ?? [];

        /// <summary>Takes over an answer; an empty one says nothing about where the target is, so what was known stays.</summary>
        /// <returns>Whether that changes anything.</returns>
        public bool Take(IPAddress[] addresses)
        {
            if (addresses.Length == 0 || ReferenceEquals(addresses, Addresses))
                return false;
            var hasChanged = !addresses.ToHashSet().SetEquals(Addresses);
            Addresses = addresses;
            return hasChanged;
        }
    }
}
