namespace Tunnel.Hub.Traffic;

/// <summary>One TCP stream or UDP session that is open now.</summary>
public sealed record LiveConnection
{
    /// <summary>Its number in this run of the hub; later ones have higher ones.</summary>
    public required long Id { get; init; }

    /// <summary>Which edge it came by.</summary>
    public required string EdgeId { get; init; }

    /// <summary>The edge's listening port.</summary>
    public required int Port { get; init; }

    /// <summary><c>tcp</c> or <c>udp</c>.</summary>
    public required string Proto { get; init; }

    /// <summary>The client's address and port; null when not known.</summary>
    public string? Client { get; init; }

    /// <summary>The upstream, <c>host:port</c>.</summary>
    public required string Target { get; init; }

    /// <summary>When it was opened.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Bytes from the client.</summary>
    public required long BytesIn { get; init; }

    /// <summary>Bytes to the client.</summary>
    public required long BytesOut { get; init; }
}

/// <summary>What a connection has carried.</summary>
internal interface IByteCounts
{
    /// <summary>Bytes from the client so far.</summary>
    long BytesIn { get; }

    /// <summary>Bytes to the client so far.</summary>
    long BytesOut { get; }
}

/// <summary>What describes itself as one.</summary>
internal interface ILiveConnection : IByteCounts
{
    LiveConnection Describe();
}
