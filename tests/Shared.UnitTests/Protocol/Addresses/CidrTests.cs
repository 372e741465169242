using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.UnitTests.Protocol.Addresses;

public sealed class CidrTests
{
    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("192.0.2.7", "192.0.2.7")]
    [InlineData("192.0.2.7/32", "192.0.2.7")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("2001:db8::/32", "2001:db8::/32")]
    [InlineData("2001:DB8::1", "2001:db8::1")]
    [InlineData("::/0", "::/0")]
    [InlineData("::ffff:10.0.0.0/104", "10.0.0.0/8")]
    public void What_is_valid_is_read_and_written_in_one_form(string text, string written)
    {
        Assert.True(Cidr.TryParse(text, out var cidr, out var error), error);
        Assert.Equal(written, cidr.ToString());
        Assert.True(Cidr.TryParse(cidr.ToString(), out var again, out _));
        Assert.Equal(cidr, again);
    }

    [Theory]
    [InlineData("", "address or a CIDR")]
    [InlineData("10", "address or a CIDR")]
    [InlineData("10.0.0", "address or a CIDR")]
    [InlineData("010.0.0.0/8", "address or a CIDR")]
    [InlineData("10.0.0.0/33", "0–32")]
    [InlineData("10.0.0.0/", "0–32")]
    [InlineData("10.0.0.0/-1", "0–32")]
    [InlineData("10.0.0.0/08", "0–32")]
    [InlineData("::/129", "0–128")]
    [InlineData("10.0.0.1/8", "10.0.0.0/8")]
    [InlineData("2001:db8::1/32", "2001:db8::/32")]
    [InlineData("fe80::1%eth0", "address or a CIDR")]
    [InlineData("localhost", "address or a CIDR")]
    [InlineData("١.0.0.0", "address or a CIDR")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "address or a CIDR")]
    public void What_is_not_is_told_with_what_would_be(string text, string hint)
    {
        Assert.False(Cidr.TryParse(text, out _, out var error));
        Assert.Contains(hint, error, StringComparison.Ordinal);
    }
}
