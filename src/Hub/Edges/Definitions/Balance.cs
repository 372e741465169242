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

    /// <summary>The client's address (IPv6: its /64) decides: a client stays with a member as long as that can be used.</summary>
    [JsonStringEnumMemberName("sourceHash")]
    SourceHash,

    /// <summary>The less busy of two that are drawn by weight.</summary>
    [JsonStringEnumMemberName("random2")]
    Random2,
}
