using System.Collections;
using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Serialization;

namespace Tunnel.Shared.Protocol.Addresses;

/// <summary>
/// A set of address blocks with a fast look-up: the blocks are merged into ranges and sorted, so that overlaps cost nothing and a question takes a
/// binary search, without allocating. Immutable; equal to a set of the same blocks in the same order.
/// </summary>
[JsonConverter(typeof(CidrSetJsonConverter))]
public sealed class CidrSet : IReadOnlyList<Cidr>, IEquatable<CidrSet>
{
    /// <summary>Blocks that one set may have where it comes from a file or the network.</summary>
    public const int MaxCount = 5000;

    private readonly ImmutableArray<Cidr> _blocks;
    private readonly UInt128[] _firsts;
    private readonly UInt128[] _lasts;
    private readonly int _ipv4Count;

    /// <summary>A set of these blocks, in any order.</summary>
    public CidrSet(ImmutableArray<Cidr> blocks)
    {
        _blocks = blocks;
        // IPv4 and IPv6 apart: ::/0 is not to cover the mapped addresses.
        var ipv4 = Merge(blocks.Where(block => block.IsIPv4));
        var ipv6 = Merge(blocks.Where(block => !block.IsIPv4));
        _firsts = [.. ipv4.Concat(ipv6).Select(range => range.First)];
        _lasts = [.. ipv4.Concat(ipv6).Select(range => range.Last)];
        _ipv4Count = ipv4.Count;
    }

    /// <summary>No address.</summary>
    public static CidrSet Empty { get; } = new([]);

    /// <inheritdoc/>
    public int Count => _blocks.Length;

    /// <inheritdoc/>
    public Cidr this[int index] => _blocks[index];

    /// <summary>A set of blocks that are known to be well written.</summary>
    /// <exception cref="FormatException">One is not.</exception>
    public static CidrSet Parse(params ReadOnlySpan<string> blocks)
    {
        var parsed = ImmutableArray.CreateBuilder<Cidr>(blocks.Length);
        foreach (var text in blocks)
            parsed.Add(Cidr.TryParse(text, out var block, out var error) ? block : throw new FormatException($"\"{text}\" {error}"));
        return new CidrSet(parsed.MoveToImmutable());
    }

    /// <summary>Whether an address is in one of the blocks; a mapped address counts as IPv4.</summary>
    public bool Contains(IPAddress address) => Contains(AddressNumber.Of(address));

    /// <summary>Whether an address, as <see cref="AddressNumber"/> writes it, is in one of the blocks.</summary>
    public bool Contains(UInt128 address)
    {
        var (start, length) = AddressNumber.IsIPv4(address) ? (0, _ipv4Count) : (_ipv4Count, _firsts.Length - _ipv4Count);
        var found = Array.BinarySearch(_firsts, start, length, address);
        // Not itself a first one: its range, if any, begins before.
        var range = found >= 0 ? found : ~found - 1;
        return range >= start && address <= _lasts[range];
    }

    /// <inheritdoc/>
    public bool Equals(CidrSet? other) => other is not null && _blocks.AsSpan().SequenceEqual(other._blocks.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CidrSet);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_blocks.Length, _blocks.IsEmpty ? default : _blocks[0]);

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", _blocks);

    /// <inheritdoc/>
    public IEnumerator<Cidr> GetEnumerator() => ((IEnumerable<Cidr>)_blocks).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static List<(UInt128 First, UInt128 Last)> Merge(IEnumerable<Cidr> blocks)
    {
        var merged = new List<(UInt128 First, UInt128 Last)>();
        foreach (var block in blocks.OrderBy(block => block.First))
        {
            if (merged.Count > 0 && block.First <= merged[^1].Last)
                merged[^1] = (merged[^1].First, UInt128.Max(merged[^1].Last, block.Last));
            else
                merged.Add((block.First, block.Last));
        }

        return merged;
    }
}
