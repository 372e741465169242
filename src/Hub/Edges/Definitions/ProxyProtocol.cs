using System.Text.Json.Serialization;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>The PROXY header that an upstream gets at the start of a TCP connection (protocol.md section 9).</summary>
public enum ProxyProtocol
{
    /// <summary>No header: the upstream sees the hub's address.</summary>
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
    /// <summary>No datagram.</summary>
    [JsonStringEnumMemberName("off")]
    Off,

    /// <summary>The first datagram of each session.</summary>
    [JsonStringEnumMemberName("first")]
    First,

    /// <summary>Every datagram, as dnsdist and others expect.</summary>
    [JsonStringEnumMemberName("each")]
    Each,
}
