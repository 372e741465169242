using System.Text.Json.Serialization;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>The PROXY header that an upstream gets in front of a TCP connection (protocol.md section 9).</summary>
public enum ProxyProtocol
{
    /// <summary>None: the upstream sees the hub's address.</summary>
    [JsonStringEnumMemberName("off")]
    Off,

    /// <summary>Version 1, a text line.</summary>
    [JsonStringEnumMemberName("v1")]
    V1,

    /// <summary>Version 2, binary.</summary>
    [JsonStringEnumMemberName("v2")]
    V2,
}

/// <summary>Which datagrams to an upstream carry a PROXY v2 header (protocol.md section 9).</summary>
public enum UdpProxyProtocol
{
    /// <summary>None.</summary>
    [JsonStringEnumMemberName("off")]
    Off,

    /// <summary>The first of each session.</summary>
    [JsonStringEnumMemberName("first")]
    First,

    /// <summary>Every one; dnsdist and others expect it.</summary>
    [JsonStringEnumMemberName("each")]
    Each,
}
