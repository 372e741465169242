using System.Text.Json.Serialization;

namespace Tunnel.Hub.Edges.Secrets;

/// <summary>How a secret came to be, which decides how it is hashed.</summary>
internal enum SecretKind
{
    /// <summary>256 random bits made by the hub: one SHA-256 is as good as a slow hash, since there is nothing to guess.</summary>
    [JsonStringEnumMemberName("generated")]
    Generated,

    /// <summary>Chosen by the operator, so perhaps guessable: PBKDF2.</summary>
    [JsonStringEnumMemberName("chosen")]
    Chosen,
}

/// <summary>One valid secret of an edge, as a hash.</summary>
internal sealed record EdgeSecret
{
    /// <summary>Names the secret to its tunnels; random, says nothing of it.</summary>
    public required Guid Id { get; init; }

    public required SecretKind Kind { get; init; }

    /// <summary>32 bytes; see <see cref="SecretHasher"/>.</summary>
    public required byte[] Hash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>From when on it is worth nothing; null: it stays.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public bool IsValid(DateTimeOffset now) => ExpiresAt is not { } expiry || now < expiry;
}
