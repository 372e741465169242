namespace Tunnel.Hub.Traffic;

/// <summary>One TCP stream or UDP session that is open now.</summary>
public sealed record LiveConnection
{
    /// <summary>Its number in this run of the hub; later connections have higher numbers.</summary>
    public required long Id { get; init; }

    /// <summary>Its name in the logs of edge and hub and at the upstream: 32 hexadecimal digits.</summary>
    public required string UniqueId { get; init; }

    /// <summary>The id of the edge that it came through.</summary>
    public required string EdgeId { get; init; }

    /// <summary>The edge's listening port.</summary>
    public required int Port { get; init; }

    /// <summary>The protocol, <c>tcp</c> or <c>udp</c>.</summary>
    public required string Proto { get; init; }

    /// <summary>The client's address and port; null when not known.</summary>
    public string? Client { get; init; }

    /// <summary>The upstream, <c>host:port</c>.</summary>
    public required string Target { get; init; }

    /// <summary>When it was opened.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>The bytes from the client.</summary>
    public required long BytesIn { get; init; }

    /// <summary>The bytes to the client.</summary>
    public required long BytesOut { get; init; }
}

/// <summary>The bytes that a connection has carried.</summary>
internal interface IByteCounts
{
    /// <summary>The bytes from the client so far.</summary>
    long BytesIn { get; }

    /// <summary>The bytes to the client so far.</summary>
    long BytesOut { get; }
}

/// <summary>An open connection that can describe itself.</summary>
internal interface ILiveConnection : IByteCounts
{
    LiveConnection Describe();
}
