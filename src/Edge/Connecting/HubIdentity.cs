using System.Collections.Immutable;
using System.Net;

namespace Tunnel.Edge.Connecting;

/// <summary>The properties that tell one hub from another.</summary>
/// <param name="Name">Where it is, as the operator wrote it.</param>
/// <param name="Address">The address that was found there; null when a proxy hides it.</param>
internal sealed record HubIdentity(string Name, IPAddress? Address)
{
    /// <summary>Names the machine that the hub runs on, as the hub says it; null when not known.</summary>
    public string? Machine { get; init; }

    /// <summary>The pins that it announces: of its key, and of its next one.</summary>
    public ImmutableArray<string> Pins { get; init; } = [];

    /// <summary>Whether its configuration is older than the one in force.</summary>
    public bool IsOutdated { get; init; }

    /// <summary>Returns why hubs are not as redundant as they seem, in words for the operator.</summary>
    public static ImmutableArray<string> FindFaults(IReadOnlyList<HubIdentity> hubs) =>
    [
        .. hubs.SelectMany((hub, index) => hubs.Skip(index + 1).SelectMany(hub.FaultsBeside)),
    ];

    private IEnumerable<string> FaultsBeside(HubIdentity other)
    {
        if (Machine is not null && Machine == other.Machine)
            yield return $"{Name} and {other.Name} run on one machine: whoever loses it loses both";
        else if (Address is not null && Address.Equals(other.Address))
            yield return $"{Name} and {other.Name} are behind one address, {Address}: whoever loses it loses both";
        if ((IsOutdated || other.IsOutdated) && Pins.Intersect(other.Pins).Any())
            yield return $"{Name} and {other.Name} have the same certificate and different states: one may be an old copy of the other";
    }
}
