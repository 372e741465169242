using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.UnitTests.Protocol.Addresses;

public class IpRangeTests
{
    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7", "192.0.2.7")]
    [InlineData("192.0.2.0/24", "192.0.2.0", "192.0.2.255")]
    [InlineData("0.0.0.0/0", "0.0.0.0", "255.255.255.255")]
    [InlineData("255.255.255.255/32", "255.255.255.255", "255.255.255.255")]
    [InlineData("2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("2001:DB8::1", "2001:db8::1", "2001:db8::1")]
    public void Reads_addresses_and_prefixes(string text, string first, string last)
    {
        Assert.True(IpRange.TryParse(text, out var range, out _));
        Assert.Equal((IPAddress.Parse(first), IPAddress.Parse(last)), (range.FirstAddress, range.LastAddress));
        Assert.True(IpRange.TryParse(range.ToString(), out var again, out _));
        Assert.Equal(range, again);
    }

    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("192.0.2.7/32", "192.0.2.7")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("2001:DB8::1", "2001:db8::1")]
    [InlineData("::/0", "::/0")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:10.0.0.0/104", "10.0.0.0/8")]
    [InlineData("::ffff:0:0/96", "0.0.0.0/0")]
    public void Writes_what_it_read_in_one_form(string text, string written)
    {
        Assert.True(IpRange.TryParse(text, out var range, out var error), error);
        Assert.Equal(written, range.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.256")]
    [InlineData("01.2.3.4")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("1.2.3.4/33")]
    [InlineData("1.2.3.4/")]
    [InlineData("1.2.3.4/08")]
    [InlineData("1.2.3.4/+8")]
    [InlineData("1.2.3.4/8/8")]
    [InlineData(" 1.2.3.4")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[::1]")]
    [InlineData("2001:db8::/129")]
    [InlineData("::ffff:192.0.2.1/90")]
    [InlineData("example.com")]
    [InlineData("1.2.3.4; flush ruleset")]
    [InlineData("1.2.3.4\n")]
    [InlineData("１.2.3.4")]
    public void Refuses_everything_else(string text)
    {
        Assert.False(IpRange.TryParse(text, out _, out var error));
        Assert.NotEmpty(error);
    }

    [Theory]
    [InlineData("192.0.2.7/24", "192.0.2.0/24")]
    [InlineData("2001:db8::1/32", "2001:db8::/32")]
    [InlineData("::ffff:192.0.2.1/120", "192.0.2.0/24")]
    [InlineData("", "address or a CIDR")]
    [InlineData("10", "four decimal numbers")]
    [InlineData("010.0.0.0/8", "without leading zeros")]
    [InlineData("10.0.0.0/33", "0–32")]
    [InlineData("10.0.0.0/", "0–32")]
    [InlineData("10.0.0.0/-1", "0–32")]
    [InlineData("10.0.0.0/08", "0–32")]
    [InlineData("::/129", "0–128")]
    [InlineData("fe80::1%eth0", "address or a CIDR")]
    [InlineData("localhost", "address or a CIDR")]
    [InlineData("١.0.0.0", "four decimal numbers")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "address or a CIDR")]
    public void Says_what_was_probably_meant(string text, string meant)
    {
        Assert.False(IpRange.TryParse(text, out _, out var error));
        Assert.Contains(meant, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Mapped_addresses_count_as_ipv4()
    {
        IpRange.TryParse("192.0.2.0/24", out var range, out _);
        Assert.True(range.Contains(IPAddress.Parse("::ffff:192.0.2.77")));
        Assert.False(range.Contains(IPAddress.Parse("192.0.3.1")));
        Assert.False(range.Contains(IPAddress.Parse("::c000:201")));
        Assert.Equal(AddressFamily.InterNetwork, range.Family);
    }

    [Fact]
    public void Merging_agrees_with_asking_every_address()
    {
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            var ranges = Some(random, random.Next(12));
            var except = Some(random, random.Next(4));
            var merged = IpRanges.Merge(ranges, AddressFamily.InterNetwork, except);
            for (var i = 0; i < 256; i++)
            {
                var address = new IPAddress([10, 0, 0, (byte)i]);
                var expected = ranges.Any(range => range.Contains(address)) && !except.Any(range => range.Contains(address));
                Assert.Equal(expected, merged.Count(range => range.Contains(address)) == 1);
            }

            // The result has neither overlaps nor neighbours.
            for (var i = 1; i < merged.Length; i++)
                Assert.True(merged[i].First > merged[i - 1].Last + 1);
        }
    }

    [Fact]
    public void Where_blocks_overlap_the_longest_counts()
    {
        var random = new Random(8);
        for (var round = 0; round < 300; round++)
        {
            var blocks = Some(random, 1 + random.Next(12)).Select(range => (Range: range, Value: (long)random.Next(5))).ToArray();
            var parts = IpRanges.Flatten(blocks, AddressFamily.InterNetwork, []);
            for (var i = 0; i < 256; i++)
            {
                var address = new IPAddress([10, 0, 0, (byte)i]);
                long[] expected = [
                    .. blocks.Where(block => block.Range.Contains(address)).Select(block => block.Value).OrderDescending().Take(1)];
                Assert.Equal(expected, parts.Where(part => part.Range.Contains(address)).Select(part => part.Value));
            }
        }
    }

    [Fact]
    public void The_last_addresses_there_are_can_be_merged()
    {
        IpRange.TryParse("ffff::/16", out var a, out _);
        IpRange.TryParse("::/0", out var b, out _);
        Assert.Equal([b], IpRanges.Merge([a, b], AddressFamily.InterNetworkV6, []));
        IpRange.TryParse("255.0.0.0/8", out var c, out _);
        Assert.Equal([c], IpRanges.Merge([c, c, a], AddressFamily.InterNetwork, []));
    }

    private static IpRange[] Some(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(index =>
        {
            var bits = random.Next(6);
            var first = random.Next(256) & ~((1 << bits) - 1);
            Assert.True(IpRange.TryParse($"10.0.0.{first}/{32 - bits}", out var range, out _));
            return range;
        })];
}
