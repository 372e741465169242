using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace Tunnel.Hub.Edges.Secrets;

/// <summary>
/// All secrets of one edge. They share a salt, so that checking one try against all of them costs one hash of each kind, however many
/// there are: the work reveals nothing of the edge. Immutable.
/// </summary>
internal sealed record EdgeSecrets
{
    /// <summary>
    /// The number of secrets that one edge has at most; the one that expires first is dropped. Every check makes this many comparisons.
    /// </summary>
    public const int Max = 8;

    private const int SaltBytes = 16;

    /// <summary>16 random bytes, used for this edge only.</summary>
    public required byte[] Salt { get; init; }

    /// <summary>The secrets, at most <see cref="Max"/>.</summary>
    public required ImmutableArray<EdgeSecret> Items { get; init; }

    public static EdgeSecrets Create() => new() { Salt = RandomNumberGenerator.GetBytes(SaltBytes), Items = [] };

    /// <summary>The moment at which the next secret expires, or null.</summary>
    [JsonIgnore]
    public DateTimeOffset? NextExpiry => Items.Min(secret => secret.ExpiresAt);

    [JsonIgnore]
    public bool HasChosen => Items.Any(secret => secret.Kind == SecretKind.Chosen);

    public bool IsValid(Guid id, DateTimeOffset now) => Items.Any(secret => secret.Id == id && secret.IsValid(now));

    /// <summary>Adds a secret and lets the others expire after a grace period; with zero they are removed at once.</summary>
    public EdgeSecrets Rotate(EdgeSecret added, TimeSpan grace, DateTimeOffset now)
    {
        var expiry = now + grace;
        var others = grace <= TimeSpan.Zero ? [] : Items
            .Where(secret => secret.IsValid(now))

            // A grace period never prolongs an earlier one.
            .Select(secret => secret.ExpiresAt < expiry ? secret : secret with { ExpiresAt = expiry })
            .OrderByDescending(secret => secret.ExpiresAt)
            .ThenByDescending(secret => secret.CreatedAt)
            .Take(Max - 1);
        return this with { Items = [added, .. others] };
    }

    /// <summary>
    /// Adds a secret beside the others, which stay as they are; beyond <see cref="Max"/>, the one that expires first or is oldest is
    /// dropped.
    /// </summary>
    public EdgeSecrets Add(EdgeSecret added, DateTimeOffset now) => this with
    {
        Items =
        [
            added,
            .. Items.Where(secret => secret.IsValid(now))
                .OrderByDescending(secret => secret.ExpiresAt ?? DateTimeOffset.MaxValue)
                .ThenByDescending(secret => secret.CreatedAt)
                .Take(Max - 1),
        ],
    };

    /// <summary>
    /// Makes one secret permanent and the newest, and lets the others expire after a grace period; no change when the id is unknown.
    /// </summary>
    public EdgeSecrets Prefer(Guid id, TimeSpan grace, DateTimeOffset now) =>
        Items.FirstOrDefault(secret => secret.Id == id) is { } preferred
            ? (this with { Items = Items.Remove(preferred) }).Rotate(preferred with { ExpiresAt = null }, grace, now)
            : this;

    public EdgeSecrets WithoutExpired(DateTimeOffset now) =>
        Items.All(secret => secret.IsValid(now)) ? this : this with { Items = [.. Items.Where(secret => secret.IsValid(now))] };

    /// <summary>Keeps one secret permanently and removes all others.</summary>
    public EdgeSecrets KeepOnly(Guid id) => this with { Items = [Items.Single(secret => secret.Id == id) with { ExpiresAt = null }] };
}
