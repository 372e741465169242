namespace Tunnel.Hub.Keeping;

/// <summary>What a hub knows of a lease that it wants. Guarded by the lock of the leases.</summary>
internal sealed class WantedLease
{
    /// <summary>Whether this hub holds it.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Whether this hub can't do what it holds it for.</summary>
    public bool IsFailing { get; set; }

    /// <summary>When it has failed last; null: it has not, since it did what the lease is for.</summary>
    public long? FailedAt { get; set; }

    /// <summary>When this hub has renewed it; null: it has not.</summary>
    public long? RenewedAt { get; set; }
}
