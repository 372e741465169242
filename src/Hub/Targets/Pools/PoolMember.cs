using System.Net;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Targets.Pools;

/// <summary>One address of a pool's target. Used under the pool's lock.</summary>
internal sealed class PoolMember(TargetDefinition target, IPEndPoint address, TimeProvider time)
{
    public TargetDefinition Target { get; set; } = target;

    public IPEndPoint Address { get; } = address;

    private const string NotAllowed = "targetAllowCidrs do not allow the address";

    /// <summary>The address as people read it.</summary>
    public string Text { get; } = HostSyntax.Format(address.Address.ToString(), address.Port);

    /// <summary>A number of its own that stays the same over restarts, for choices by the client's address.</summary>
    public ulong Hash { get; } = AddressHash.Of(AddressNumber.Of(address.Address), (ulong)address.Port);

    /// <summary>The circuit breaker; null when the pool has none.</summary>
    public CircuitBreaker? Breaker { get; set; }

    /// <summary>The health check that it shares with others; null when the pool has none.</summary>
    public IMemberCheck? Check { get; set; }

    public SlowStart SlowStart { get; } = new(time);

    /// <summary>Connections and sessions that use it now.</summary>
    public int Active { get; set; }

    /// <summary>Connections and sessions that ever used it.</summary>
    public long Total { get; set; }

    /// <summary>The number of those that failed.</summary>
    public long Failed { get; set; }

    /// <summary>Since when its breaker lets in no clients, or only a few, and why; null when it is closed.</summary>
    public (DateTimeOffset Since, string Reason)? Outage { get; set; }

    /// <summary>The present credit in the round robin.</summary>
    public long Credit { get; set; }

    /// <summary>Whether the pool has it no more: its name leads elsewhere, or its target was taken out.</summary>
    public bool IsGone { get; set; }

    /// <summary>Whether <c>targetAllowCidrs</c> let it be connected to; without that it is never used, whatever else is the case.</summary>
    public bool IsAllowed { get; set; } = true;

    public bool IsBackup => Target.Backup == true;

    /// <summary>Its present weight, in quarters.</summary>
    public int Weight => (Target.Weight ?? TargetDefinition.DefaultWeight) * SlowStart.Quarters;

    public bool HasRoom => Target.MaxConnections is null or 0 || Active < Target.MaxConnections;

    /// <summary>Whether it works, as far as is known.</summary>
    public bool IsHealthy => IsAllowed && Check?.IsUp != false && Breaker?.Allows != false;

    /// <summary>Describes the member.</summary>
    public TargetStatus Describe() => new()
    {
        Target = Text,
        Host = Target.Host == Address.Address.ToString() ? null : Target.Host,
        State = !IsAllowed || Check?.IsUp == false ? TargetState.Down : Breaker?.State switch
        {
            BreakerState.Open => TargetState.BreakerOpen,
            BreakerState.HalfOpen => TargetState.BreakerHalfOpen,
            _ => TargetState.Up,
        },
        Since = Check?.Outage?.Since ?? Outage?.Since,
        Reason = !IsAllowed ? NotAllowed : Check?.Outage?.Reason ?? Outage?.Reason,
        Weight = Target.Weight ?? TargetDefinition.DefaultWeight,
        Share = SlowStart.Quarters * 100 / SlowStart.Whole,
        Backup = IsBackup,
        ActiveConnections = Active,
        TotalConnections = Total,
        FailedConnections = Failed,
    };
}
