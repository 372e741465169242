namespace Tunnel.Edge.Configuration;

/// <summary>Which of several hubs gets a new client.</summary>
public enum HubPreference
{
    /// <summary>The one with the fewest open streams and sessions of this edge.</summary>
    Load,

    /// <summary>The first in the order in which they are listed.</summary>
    Order,
}
