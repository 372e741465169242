using System.Collections.Immutable;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.State;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Admin.Answers;

/// <summary>The answer to a change of the allowed edges.</summary>
internal sealed record EdgeChangeAnswer
{
    /// <summary>The edge as it is now, without its secret; null when the change was about the set.</summary>
    public EdgeDefinition? Edge { get; init; }

    /// <summary>The connection token with the new edge's secret, shown once; null when none was requested.</summary>
    public string? Token { get; init; }

    /// <summary>The changes, by edge and port.</summary>
    public ImmutableArray<EdgeDiff> Changes { get; init; } = [];

    public ImmutableArray<Fault> Warnings { get; init; } = [];
}

/// <summary>The contents of a token or secret that is to be made.</summary>
internal sealed record TokenRequest
{
    /// <summary>HOST[:PORT] where edges reach the hub; null: the setting publicHost.</summary>
    public string? Host { get; init; }

    /// <summary>The secret, 16–256 printable ASCII characters without spaces; null: the hub makes one.</summary>
    public string? Secret { get; init; }

    /// <summary>How long older secrets stay valid, 0–2,592,000 s; null: 24 h.</summary>
    public int? GraceSeconds { get; init; }

    /// <summary>How the edge shall reach the hub: tcpTls, quic or quicWithFallback; null leaves it to the edge.</summary>
    public string? Transport { get; init; }
}

/// <summary>A connection token.</summary>
internal sealed record TokenAnswer(string Id, string Token);

/// <summary>The new secret that an edge is to get over its tunnel.</summary>
internal sealed record PushSecretRequest
{
    /// <summary>The secret, 16–256 printable ASCII characters without spaces; null: the hub makes one.</summary>
    public string? Secret { get; init; }

    /// <summary>How long older secrets stay valid after the edge has kept the new one, 0–2,592,000 s; null: 24 h.</summary>
    public int? GraceSeconds { get; init; }
}

/// <summary>A certificate of the operator's that is to be the hub's next one.</summary>
internal sealed record NextCertificateRequest
{
    /// <summary>The certificate with its chain: PEM text, or the path of a file at the hub; null: the hub makes one.</summary>
    public string? CertPem { get; init; }

    /// <summary>Its private key: PEM text, or the path of a file at the hub; null: certPem has both.</summary>
    public string? KeyPem { get; init; }
}

/// <summary>The address at which the hub will be.</summary>
internal sealed record HubAddressRequest
{
    /// <summary>HOST[:PORT]; without a port, the hub's tunnelPort is used.</summary>
    public required string Address { get; init; }
}

/// <summary>The answer that an edge has kept its new secret.</summary>
internal sealed record PushSecretAnswer(string Id);

/// <summary>The answer that the service is up.</summary>
internal sealed record HealthAnswer(string Status);

/// <summary>A source that is to be blocked for a limited time.</summary>
internal sealed record BlockRequest
{
    /// <summary>An IPv4 or IPv6 address or CIDR; not one that may never be blocked.</summary>
    public required string Ip { get; init; }

    /// <summary>How long, 1–31,536,000 s; null: one hour.</summary>
    public int? Seconds { get; init; }

    /// <summary>The ids of 1–1,000 edges; null: all edges.</summary>
    public ImmutableArray<string>? Edges { get; init; }

    /// <summary>The reason that the list shows; at most 256 characters.</summary>
    public string? Reason { get; init; }
}

/// <summary>A block that was made, and what it meets.</summary>
internal sealed record AddedBlock
{
    /// <inheritdoc cref="Block.Ip"/>
    public required string Ip { get; init; }

    /// <inheritdoc cref="Block.Edges"/>
    public required ImmutableArray<string> Edges { get; init; }

    /// <inheritdoc cref="Block.Since"/>
    public required DateTimeOffset Since { get; init; }

    /// <inheritdoc cref="Block.Until"/>
    public required DateTimeOffset Until { get; init; }

    /// <inheritdoc cref="Block.Reason"/>
    public string? Reason { get; init; }

    /// <summary>How many of its edges are connected, and get it now; the others get it when they connect.</summary>
    public required int ConnectedEdges { get; init; }

    /// <summary>How many connections and UDP sessions from there were open at its edges, and are reset.</summary>
    public required int OpenConnections { get; init; }
}

/// <summary>The result of a disconnect.</summary>
/// <param name="Id">The id of the edge.</param>
/// <param name="Tunnels">How many tunnels it had; 0: it was not connected.</param>
internal sealed record DisconnectAnswer(string Id, int Tunnels);

/// <summary>The key for the API over the network.</summary>
/// <param name="Key">The key, to be sent as <c>Authorization: Bearer KEY</c>.</param>
internal sealed record AdminKeyAnswer(string Key);
