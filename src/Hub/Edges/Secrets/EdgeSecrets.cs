using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace Tunnel.Hub.Edges.Secrets;

/// <summary>
/// All secrets of one edge. They share a salt, so that checking one try against all of them costs one hash of each kind, however many there
/// are: the work says nothing of the edge. Immutable.
/// </summary>
internal sealed record EdgeSecrets
{
    /// <summary>Most secrets that one edge has at once; what expires first gives way. Every check compares with so many.</summary>
    public const int Max = 8;

    private const int SaltBytes = 16;

    /// <summary>16 random bytes, of this edge alone.</summary>
    public required byte[] Salt { get; init; }

    /// <summary>At most <see cref="Max"/>.</summary>
    public required ImmutableArray<EdgeSecret> Items { get; init; }

    public static EdgeSecrets Create() => new() { Salt = RandomNumberGenerator.GetBytes(SaltBytes), Items = [] };

    /// <summary>The moment at which the next one expires, or null.</summary>
    [JsonIgnore]
    public DateTimeOffset? NextExpiry => Items.Min(secret => secret.ExpiresAt);

    [JsonIgnore]
    public bool HasChosen => Items.Any(secret => secret.Kind == SecretKind.Chosen);

    public bool IsValid(Guid id, DateTimeOffset now) => Items.Any(secret => secret.Id == id && secret.IsValid(now));

    /// <summary>Adds one and lets the others expire after a grace period; zero: they are gone at once.</summary>
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
    /// Adds one beside the others, which stay as they are; beyond <see cref="Max"/> what expires first, or is oldest, gives way.
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

    /// <summary>Lets all but one expire after a grace period, which then is the newest; as it is when there is none of that id.</summary>
    public EdgeSecrets Prefer(Guid id, TimeSpan grace, DateTimeOffset now) =>
        Items.FirstOrDefault(secret => secret.Id == id) is { } preferred
            ? (this with { Items = Items.Remove(preferred) }).Rotate(preferred with { ExpiresAt = null }, grace, now)
            : this;

    public EdgeSecrets WithoutExpired(DateTimeOffset now) =>
        Items.All(secret => secret.IsValid(now)) ? this : this with { Items = [.. Items.Where(secret => secret.IsValid(now))] };

    /// <summary>Keeps one for good, and no other.</summary>
    public EdgeSecrets KeepOnly(Guid id) => this with { Items = [Items.Single(secret => secret.Id == id) with { ExpiresAt = null }] };
}
