using System.Collections;
using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Serialization;

namespace Tunnel.Shared.Protocol.Addresses;

/// <summary>Addresses and CIDRs, such as 192.0.2.7 and 10.0.0.0/8.</summary>
/// <remarks>
/// The list as it was written, and the set of addresses that it is. Immutable; equal to one of the same blocks in the same order.
/// </remarks>
[JsonConverter(typeof(CidrSetJsonConverter))]
public sealed class CidrSet : IReadOnlyList<IpRange>, IEquatable<CidrSet>
{
    /// <summary>Blocks that one set may have where it comes from a file or the network.</summary>
    public const int MaxCount = 5000;

    private readonly ImmutableArray<IpRange> _blocks;
    private readonly AddressSet _addresses;

    /// <summary>A set of these blocks, in any order.</summary>
    public CidrSet(ImmutableArray<IpRange> blocks) => (_blocks, _addresses) = (blocks, new AddressSet(blocks, []));

    /// <summary>No address.</summary>
    public static CidrSet Empty { get; } = new([]);

    /// <inheritdoc/>
    public int Count => _blocks.Length;

    /// <inheritdoc/>
    public IpRange this[int index] => _blocks[index];

    /// <summary>A set of blocks that are known to be well written.</summary>
    /// <exception cref="FormatException">One is not.</exception>
    public static CidrSet Parse(params ReadOnlySpan<string> blocks)
    {
        var parsed = ImmutableArray.CreateBuilder<IpRange>(blocks.Length);
        foreach (var text in blocks)
            parsed.Add(IpRange.TryParse(text, out var block, out var error) ? block : throw new FormatException($"\"{text}\" {error}"));
        return new CidrSet(parsed.MoveToImmutable());
    }

    /// <summary>Whether an address is in one of the blocks; a mapped address counts as IPv4.</summary>
    public bool Contains(IPAddress address) => _addresses.Contains(address);

    /// <summary>Whether an address, as <see cref="AddressNumber"/> writes it, is in one of the blocks. Allocates nothing.</summary>
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
