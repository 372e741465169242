using System.Security.Cryptography;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Edges.Secrets;

/// <summary>Whether a secret matched, or the hub was too busy to check it.</summary>
internal enum SecretMatch
{
    None,
    Matched,
    Busy,
}

/// <summary>
/// Checks secrets so that a refusal costs the same work and takes the same path whatever its cause: an unknown id and a disabled edge are
/// checked against secrets that nobody has.
/// </summary>
internal sealed class SecretVerifier
{
    // So many slow hashes at once leave a core to the tunnels; those that wait take about 3 s, well within the time to authenticate.
    // Addresses take turns, so an address that guesses waits behind itself.
    private const int QueuedForEach = 64;
    private static readonly int ConcurrentSlowHashes = Environment.ProcessorCount > 2 ? 2 : 1;

    private static readonly byte[] NoHash = new byte[SecretHasher.HashBytes];

    private readonly ISecretHasher _hasher;
    private readonly FairWork<AddressPrefix> _slowHashes;
    private readonly SecretMemory _memory;
    private readonly EdgeSecrets _nobodys = EdgeSecrets.Create();

    public SecretVerifier(ISecretHasher hasher, SecretMemory memory)
        : this(hasher, memory, ConcurrentSlowHashes, ConcurrentSlowHashes * QueuedForEach)
    {
    }

    internal SecretVerifier(ISecretHasher hasher, SecretMemory memory, int concurrent, int queued)
    {
        _hasher = hasher;
        _memory = memory;
        _slowHashes = new FairWork<AddressPrefix>(concurrent, queued);
    }

    /// <summary>Makes the record of a secret that the hub made.</summary>
    public EdgeSecret Generated(EdgeSecrets edge, string secret, DateTimeOffset now) =>
        New(SecretKind.Generated, _hasher.HashGenerated(edge.Salt, secret), now);

    /// <summary>Makes the record of a secret that an operator chose. It hashes slowly, so call it on the thread pool.</summary>
    public EdgeSecret Chosen(EdgeSecrets edge, string secret, DateTimeOffset now) =>
        Remembered(edge, secret, New(SecretKind.Chosen, _hasher.HashChosen(edge.Salt, secret), now));

    /// <summary>
    /// Makes a secret that an operator chose an edge's only one. If the edge has it already it stays what it is, and so do the tunnels
    /// that came with it. It may hash slowly, but only once: an edge's secrets share its salt.
    /// </summary>
    public EdgeSecrets Only(EdgeSecrets edge, string secret, DateTimeOffset now)
    {
        if (FindFast(edge, secret, now) is { } fast)
            return edge.KeepOnly(fast);
        var hash = _hasher.HashChosen(edge.Salt, secret);
        return FindChosen(edge, hash, now) is { } known
            ? edge.KeepOnly(known)
            : edge.Rotate(Remembered(edge, secret, New(SecretKind.Chosen, hash, now)), TimeSpan.Zero, now);
    }

    /// <summary>Checks a secret.</summary>
    /// <param name="edge">The edge's secrets; null when the answer must be no, for whatever reason.</param>
    /// <param name="secret">The presented secret.</param>
    /// <param name="slow">Whether a slow hash may be made. It has to be made for every refusal if any edge has a chosen secret, else for
    /// none, and never for a blocked pair.</param>
    /// <param name="from">The address that asks; its slow hashes wait for each other.</param>
    /// <param name="now">Secrets that have expired by then don't count.</param>
    /// <param name="cancellationToken">Cancels the wait for a slow hash.</param>
    public async ValueTask<(SecretMatch Match, Guid SecretId)> VerifyAsync(
        EdgeSecrets? edge, string secret, bool slow, AddressPrefix from, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var secrets = edge ?? _nobodys;
        if (FindFast(secrets, secret, now) is { } fast)
            return (SecretMatch.Matched, fast);
        if (!slow)
            return default;

        var hash = await _slowHashes.TryRunAsync(from, () => _hasher.HashChosen(secrets.Salt, secret), cancellationToken);
        if (hash is null)
            return (SecretMatch.Busy, Guid.Empty);
        if (FindChosen(secrets, hash, now) is not { } found)
            return default;
        _memory.Add(found, _hasher.HashRemembered(secrets.Salt, secret));
        return (SecretMatch.Matched, found);
    }

    /// <summary>
    /// Finds which of an edge's secrets this is. For commands only, not for strangers: it may take long, and its duration reveals the
    /// answer.
    /// </summary>
    public Guid? Find(EdgeSecrets secrets, string secret, DateTimeOffset now) =>
        FindFast(secrets, secret, now)
        ?? (secrets.HasChosen ? FindChosen(secrets, _hasher.HashChosen(secrets.Salt, secret), now) : null);

    /// <summary>Forgets secrets that belong to no edge any more.</summary>
    public void Retain(IReadOnlySet<Guid> secretIds) => _memory.Retain(secretIds);

    private Guid? FindFast(EdgeSecrets secrets, string secret, DateTimeOffset now)
    {
        var generated = _hasher.HashGenerated(secrets.Salt, secret);
        var remembered = _hasher.HashRemembered(secrets.Salt, secret);
        var first = Find(secrets, SecretKind.Generated, generated, entry => entry.Hash, now);
        var second = Find(secrets, SecretKind.Chosen, remembered, entry => _memory.Find(entry.Id) ?? NoHash, now);
        return first ?? second;
    }

    private static Guid? FindChosen(EdgeSecrets secrets, byte[] hash, DateTimeOffset now) =>
        Find(secrets, SecretKind.Chosen, hash, entry => entry.Hash, now);

    // Always makes the same number of comparisons, each in constant time.
    private static Guid? Find(EdgeSecrets secrets, SecretKind kind, byte[] hash, Func<EdgeSecret, byte[]> expected, DateTimeOffset now)
    {
        Guid? found = null;
        for (var index = 0; index < EdgeSecrets.Max; index++)
        {
            var entry = index < secrets.Items.Length ? secrets.Items[index] : null;
            var usable = entry is not null && entry.Kind == kind && entry.IsValid(now);
            if (CryptographicOperations.FixedTimeEquals(hash, usable ? expected(entry!) : NoHash) && usable)
                found = entry!.Id;
        }

        return found;
    }

    private EdgeSecret Remembered(EdgeSecrets edge, string secret, EdgeSecret made)
    {
        _memory.Add(made.Id, _hasher.HashRemembered(edge.Salt, secret));
        return made;
    }

    private static EdgeSecret New(SecretKind kind, byte[] hash, DateTimeOffset now) =>
        new() { Id = Guid.NewGuid(), Kind = kind, Hash = hash, CreatedAt = now };
}
