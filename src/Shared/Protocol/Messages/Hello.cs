using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>The edge's first frame after it saw a <c>hub</c> member (protocol.md section 2.5): JSON of at most 64 KiB.</summary>
public sealed record Hello
{
    /// <summary>The edge's version, for logs only.</summary>
    public string Version { get; init; } = "";

    /// <summary>Names of the extensions that the edge can use.</summary>
    public ImmutableArray<string> Features { get; init; } = [];

    /// <summary>The largest DATA_BACK payload in bytes that the edge accepts.</summary>
    public int MaxFrame { get; init; }

    /// <summary>The bytes of credit for DATA_BACK that each stream starts with.</summary>
    public int InitialWindow { get; init; }

    /// <summary>
    /// 128 random bits chosen when the process starts, as 32 hexadecimal digits. They tell a reconnect from a second edge with the same id.
    /// </summary>
    public string Instance { get; init; } = "";

    /// <summary>The generation of this process: each successor raises it, and a higher one is newer.</summary>
    public long Generation { get; init; }

    /// <summary>The instance that this process takes over from, or null.</summary>
    public string? Supersedes { get; init; }

    /// <summary>True when the edge's operator says that this process takes the id from another live one; otherwise left out.</summary>
    public bool? TakeOver { get; init; }

    /// <summary>True when the edge comes over QUIC and nothing else; otherwise left out.</summary>
    public bool? QuicOnly { get; init; }

    /// <summary>The machine's host name.</summary>
    public string? Host { get; init; }

    /// <summary>The machine's operating system.</summary>
    public string? Os { get; init; }

    /// <summary>The edge's public address, when known; IPv4 where there is one.</summary>
    public string? PublicIp { get; init; }

    /// <summary>The edge's public IPv6 address, when known.</summary>
    public string? PublicIpv6 { get; init; }

    /// <summary>How long the edge keeps streams whose connection is lost, in seconds; null when it keeps none.</summary>
    public int? ResumeGrace { get; init; }

    /// <summary>The tunnel that this connection is to go on with; null when it begins a tunnel of its own.</summary>
    public ResumeHello? Resume { get; init; }

    /// <summary>The place of this connection in a tunnel that already exists; null when it is a tunnel of its own.</summary>
    public LaneHello? Lane { get; init; }
}

/// <summary>A connection that is to take the place of a lost one (protocol.md section 8).</summary>
/// <param name="TunnelId">The tunnel whose connection was lost. Never logged.</param>
public sealed record ResumeHello(string TunnelId)
{
    /// <summary>The content of the edge's RESUME, which follows HELLO.</summary>
    [JsonIgnore]
    public ResumePoint? Point { get; init; }

    /// <inheritdoc/>
    public override string ToString() => "resume";
}

/// <summary>A further connection of a tunnel (protocol.md section 3, Lanes).</summary>
/// <param name="TunnelId">The tunnel that it belongs to. Never logged.</param>
/// <param name="Index">Its number in that tunnel, from 1; the connection that made the tunnel is 0.</param>
public sealed record LaneHello(string TunnelId, int Index)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"lane {Index}");
}
