namespace Tunnel.Hub.Forwarding.Shares;

/// <summary>What <see cref="SessionShares"/> needs of a session.</summary>
internal abstract class SharedSession
{
    /// <summary>The timestamp of its last datagram, either way.</summary>
    public abstract long LastActive { get; }

    /// <summary>Whose part it is of; null when it is not entered.</summary>
    internal AddressShare? Share { get; set; }

    /// <summary>Its place among those of its address.</summary>
    internal SessionLinks OfAddress;

    /// <summary>Its place among those of its port that are one-way, or that are not.</summary>
    internal SessionLinks OfPort;

    /// <summary>When it was active when it was last looked at.</summary>
    internal long Seen { get; set; }

    /// <summary>No datagram of its client has followed an answer yet.</summary>
    internal bool IsOneWay { get; set; } = true;
}
