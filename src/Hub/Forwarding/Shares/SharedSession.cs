namespace Tunnel.Hub.Forwarding.Shares;

/// <summary>The part of a session that <see cref="SessionShares"/> needs.</summary>
internal abstract class SharedSession
{
    /// <summary>The timestamp of its last datagram, either way.</summary>
    public abstract long LastActive { get; }

    /// <summary>The share that it belongs to; null when it is not registered.</summary>
    internal AddressShare? Share { get; set; }

    /// <summary>Its place among the sessions of its address.</summary>
    internal SessionLinks OfAddress;

    /// <summary>Its place among the one-way sessions of its port, or among the others.</summary>
    internal SessionLinks OfPort;

    /// <summary>The time of its last activity when it was last looked at.</summary>
    internal long Seen { get; set; }

    /// <summary>True until the client sends a datagram after an answer.</summary>
    internal bool IsOneWay { get; set; } = true;
}
