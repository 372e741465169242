using System.Text.Json.Serialization;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>How a pool chooses a member for a new client.</summary>
public enum Balance
{
    /// <summary>In turn, each as often as its weight says, the heavy ones spread evenly between the others.</summary>
    [JsonStringEnumMemberName("weightedRoundRobin")]
    WeightedRoundRobin,

    /// <summary>The member with the fewest connections for its weight.</summary>
    [JsonStringEnumMemberName("leastConnections")]
    LeastConnections,

    /// <summary>By the client's address (IPv6: its /64): the same client, the same member, as long as it can be used.</summary>
    [JsonStringEnumMemberName("sourceHash")]
    SourceHash,

    /// <summary>The less busy of two that are drawn by weight.</summary>
    [JsonStringEnumMemberName("random2")]
    Random2,
}
