using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.UnitTests.Protocol.Addresses;

public sealed class CidrSetTests
{
    [Fact]
    public void Families_are_apart_and_mapped_addresses_are_IPv4()
    {
        var all6 = CidrSet.Parse("::/0");
        Assert.True(all6.Contains(IPAddress.IPv6Loopback));
        Assert.False(all6.Contains(IPAddress.Loopback));
        Assert.False(all6.Contains(IPAddress.Loopback.MapToIPv6()));
        Assert.True(CidrSet.Parse("127.0.0.0/8").Contains(IPAddress.Loopback.MapToIPv6()));
        Assert.False(CidrSet.Parse("0.0.0.0/0").Contains(IPAddress.IPv6Loopback));
    }

    [Fact]
    public void An_empty_set_has_nothing() => Assert.False(CidrSet.Empty.Contains(IPAddress.Any));

    /// <summary>Compares random blocks, nested and overlapping, with a look at each.</summary>
    [Fact]
    public void It_has_what_one_of_its_blocks_has()
    {
        var random = new Random(20261121);
        for (var round = 0; round < 300; round++)
        {
            var blocks = Enumerable.Range(0, random.Next(1, 30)).Select(_ => RandomBlock(random)).ToImmutableArray();
            var set = new CidrSet(blocks);
            foreach (var address in blocks.SelectMany(Edges).Concat(Enumerable.Range(0, 20).Select(_ => RandomAddress(random))))
            {
                var expected = blocks.Any(block => block.Contains(AddressNumber.ToAddress(address)));
                Assert.True(expected == set.Contains(address), $"{AddressNumber.ToAddress(address)} in [{set}]");
                Assert.Equal(expected, set.Contains(AddressNumber.ToAddress(address)));
            }
        }
    }

    [Fact]
    public void A_question_allocates_nothing()
    {
        var set = CidrSet.Parse(
            [.. Enumerable.Range(0, 200).Select(i => $"10.{i}.0.0/16"), .. Enumerable.Range(0, 200).Select(i => $"2001:db8:{i:x}::/48")]);
        var address = AddressNumber.Of(IPAddress.Parse("2001:db8:7::1"));
        Assert.True(set.Contains(address));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            set.Contains(address);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200);
    }

    [Fact]
    public void Sets_are_equal_by_their_blocks_and_survive_JSON()
    {
        var set = CidrSet.Parse("10.0.0.0/8", "2001:db8::/32");
        var read = JsonSerializer.Deserialize<CidrSet>(JsonSerializer.Serialize(set));
        Assert.Equal(set, read);
        Assert.Equal(set.GetHashCode(), read!.GetHashCode());
        Assert.NotEqual(set, CidrSet.Parse("10.0.0.0/8"));
    }

    private static IEnumerable<UInt128> Edges(IpRange block)
    {
        var (first, last) = (AddressNumber.Of(block.FirstAddress), AddressNumber.Of(block.LastAddress));
        return [first, last, first - 1, last + 1];
    }

    // The prefixes are few, so that they meet.
    private static UInt128 RandomAddress(Random random) => random.Next(2) == 0
        ? AddressNumber.OfIPv4((uint)((10 << 24) | random.Next(1 << 12)))
        : ((UInt128)0x20010db8 << 96) | (uint)random.Next(1 << 12);

    private static IpRange RandomBlock(Random random)
    {
        var address = RandomAddress(random);
        var length = AddressNumber.IsIPv4(address) ? random.Next(20, 33) : random.Next(116, 129);
        var bits = AddressNumber.IsIPv4(address) ? 32 - length : 128 - length;
        var text = $"{AddressNumber.ToAddress(address >> bits << bits)}/{length}";
        Assert.True(IpRange.TryParse(text, out var cidr, out var error), $"{text}: {error}");
        return cidr;
    }
}
