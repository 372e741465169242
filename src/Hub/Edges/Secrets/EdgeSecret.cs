using System.Text.Json.Serialization;

namespace Tunnel.Hub.Edges.Secrets;

/// <summary>How a secret was made, which decides how it is hashed.</summary>
internal enum SecretKind
{
    /// <summary>256 random bits made by the hub: one SHA-256 is as good as a slow hash, since they can't be guessed.</summary>
    [JsonStringEnumMemberName("generated")]
    Generated,

    /// <summary>Chosen by the operator and so perhaps guessable: hashed with PBKDF2.</summary>
    [JsonStringEnumMemberName("chosen")]
    Chosen,
}

/// <summary>One valid secret of an edge, as a hash.</summary>
internal sealed record EdgeSecret
{
    /// <summary>Names the secret to its tunnels; random, and reveals nothing of it.</summary>
    public required Guid Id { get; init; }

    public required SecretKind Kind { get; init; }

    /// <summary>32 bytes; see <see cref="SecretHasher"/>.</summary>
    public required byte[] Hash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it expires; null: never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public bool IsValid(DateTimeOffset now) => ExpiresAt is not { } expiry || now < expiry;
}
