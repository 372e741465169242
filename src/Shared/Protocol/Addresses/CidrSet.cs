using System.Collections;
using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Serialization;

namespace Tunnel.Shared.Protocol.Addresses;

/// <summary>A set of addresses and CIDRs, such as 192.0.2.7 and 10.0.0.0/8.</summary>
/// <remarks>
/// Keeps the list as it was written beside the set of addresses. Immutable; two sets are equal when they have the same blocks in the same
/// order.
/// </remarks>
[JsonConverter(typeof(CidrSetJsonConverter))]
public sealed class CidrSet : IReadOnlyList<IpRange>, IEquatable<CidrSet>
{
    /// <summary>The most blocks that a set from a file or the network may have.</summary>
    public const int MaxCount = 5000;

    private readonly ImmutableArray<IpRange> _blocks;
    private readonly AddressSet _addresses;

    /// <summary>Creates a set of these blocks, given in any order.</summary>
    public CidrSet(ImmutableArray<IpRange> blocks) => (_blocks, _addresses) = (blocks, new AddressSet(blocks, []));

    /// <summary>The empty set.</summary>
    public static CidrSet Empty { get; } = new([]);

    /// <inheritdoc/>
    public int Count => _blocks.Length;

    /// <inheritdoc/>
    public IpRange this[int index] => _blocks[index];

    /// <summary>Parses blocks that are known to be valid.</summary>
    /// <exception cref="FormatException">A block is not valid.</exception>
    public static CidrSet Parse(params ReadOnlySpan<string> blocks)
    {
        var parsed = ImmutableArray.CreateBuilder<IpRange>(blocks.Length);
        foreach (var text in blocks)
            parsed.Add(IpRange.TryParse(text, out var block, out var error) ? block : throw new FormatException($"\"{text}\" {error}"));
        return new CidrSet(parsed.MoveToImmutable());
    }

    /// <summary>Whether one of the blocks contains an address; a mapped address counts as IPv4.</summary>
    public bool Contains(IPAddress address) => _addresses.Contains(address);

    /// <summary>
    /// Whether one of the blocks contains an address, given as <see cref="AddressNumber"/> represents it. Allocates nothing.
    /// </summary>
    public bool Contains(UInt128 address) => _addresses.Contains(address);

    /// <inheritdoc/>
    public bool Equals(CidrSet? other) => other is not null && _blocks.AsSpan().SequenceEqual(other._blocks.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CidrSet);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_blocks.Length, _blocks.IsEmpty ? default : _blocks[0]);

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", _blocks);

    /// <inheritdoc/>
    public IEnumerator<IpRange> GetEnumerator() => ((IEnumerable<IpRange>)_blocks).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
