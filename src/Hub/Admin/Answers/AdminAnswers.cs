using System.Collections.Immutable;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.State;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Admin.Answers;

/// <summary>The answer to a change of the allowed edges.</summary>
internal sealed record EdgeChangeAnswer
{
    /// <summary>The edge as it is now, without its secret; null when the change was about the set.</summary>
    public EdgeDefinition? Edge { get; init; }

    /// <summary>The connection token with the new edge's secret, shown once; null when none was asked for.</summary>
    public string? Token { get; init; }

    /// <summary>What changed, by edge and port.</summary>
    public ImmutableArray<EdgeDiff> Changes { get; init; } = [];

    public ImmutableArray<Fault> Warnings { get; init; } = [];
}

/// <summary>What a new token or secret shall be like.</summary>
internal sealed record TokenRequest
{
    /// <summary>HOST[:PORT] where edges reach the hub; null: the setting publicHost.</summary>
    public string? Host { get; init; }

    /// <summary>The secret, 16–256 printable ASCII characters without spaces; null: one is made.</summary>
    public string? Secret { get; init; }

    /// <summary>How long older secrets stay valid, 0–2,592,000 s; null: 24 h.</summary>
    public int? GraceSeconds { get; init; }

    /// <summary>How the edge shall reach the hub: tcpTls, quic or quicWithFallback; null leaves it to the edge.</summary>
    public string? Transport { get; init; }
}

/// <summary>A connection token.</summary>
internal sealed record TokenAnswer(string Id, string Token);

/// <summary>What a secret that an edge is given over its tunnel shall be like.</summary>
internal sealed record PushSecretRequest
{
    /// <summary>The secret, 16–256 printable ASCII characters without spaces; null: one is made.</summary>
    public string? Secret { get; init; }

    /// <summary>How long older secrets stay valid once the edge has kept it, 0–2,592,000 s; null: 24 h.</summary>
    public int? GraceSeconds { get; init; }
}

/// <summary>Where the hub will be.</summary>
internal sealed record HubAddressRequest
{
    /// <summary>HOST[:PORT]; without a port the hub's tunnelPort.</summary>
    public required string Address { get; init; }
}

/// <summary>The edge has kept its new secret.</summary>
internal sealed record PushSecretAnswer(string Id);

/// <summary>The service is up and answers.</summary>
internal sealed record HealthAnswer(string Status);

/// <summary>A source that is to be blocked for a while.</summary>
internal sealed record BlockRequest
{
    /// <summary>An IPv4 or IPv6 address or CIDR; none that is never blocked.</summary>
    public required string Ip { get; init; }

    /// <summary>How long, 1–31,536,000 s; null: an hour.</summary>
    public int? Seconds { get; init; }

    /// <summary>Ids of 1–1,000 edges; null: all edges.</summary>
    public ImmutableArray<string>? Edges { get; init; }

    /// <summary>Why, for the list; at most 256 characters.</summary>
    public string? Reason { get; init; }
}

/// <summary>What was disconnected.</summary>
/// <param name="Id">The edge.</param>
/// <param name="Tunnels">How many tunnels it had; 0: it was not connected.</param>
internal sealed record DisconnectAnswer(string Id, int Tunnels);

/// <summary>The key for the API over the network.</summary>
/// <param name="Key">To be sent as <c>Authorization: Bearer KEY</c>.</param>
internal sealed record AdminKeyAnswer(string Key);
