using System.Net;

namespace Tunnel.Edge.Firewall;

/// <summary>Finds out whether a new connection can reach the hub.</summary>
internal interface IHubProbe
{
    /// <summary>The hub's addresses, as far as they are known.</summary>
    IReadOnlyCollection<IPAddress> KnownAddresses { get; }

    /// <summary>Makes a new connection to the hub and ends it.</summary>
    /// <returns>Why that was not possible; null when it was.</returns>
    Task<string?> TryAsync(CancellationToken cancellationToken);
}
