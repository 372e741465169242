using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.UnitTests.Protocol.Proxy;

public class AddressTextTests
{
    [Theory]
    [InlineData("::", "::")]
    [InlineData("::1", "::1")]
    [InlineData("2001:db8::1", "2001:db8::1")]
    [InlineData("2001:0DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1")] // The first of two equal runs is shortened.
    [InlineData("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1")] // One group of zeros is not shortened.
    [InlineData("1::", "1::")]
    [InlineData("::ffff:192.0.2.1", "::ffff:192.0.2.1")]
    [InlineData("::192.0.2.1", "::c000:201")]
    [InlineData("fe80::5efe:192.0.2.1", "fe80::5efe:c000:201")]
    [InlineData("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304")]
    [InlineData("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8")]
    public void An_IPv6_address_is_read_and_written_as_RFC_5952_says(string text, string canonical)
    {
        var address = new byte[16];
        Assert.True(AddressText.TryReadIPv6(Encoding.ASCII.GetBytes(text), address));
        Assert.Equal(IPAddress.Parse(text).GetAddressBytes(), address);
        Assert.Equal(canonical, Write(address));
    }

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData(":::")]
    [InlineData("1::2::3")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1:2:3:4:5:6:7:8::")]
    [InlineData("1:2:3:4::5:6:7:8")]
    [InlineData(":1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:")]
    [InlineData("12345::")]
    [InlineData("g::")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[::1]")]
    [InlineData("::1/128")]
    [InlineData("1.2.3.4")]
    [InlineData("1.2.3.4::")]
    [InlineData("::1.2.3.4:5")]
    [InlineData("::1.2.3")]
    [InlineData("::01.2.3.4")]
    [InlineData("1:2:3:4:5:6:7:1.2.3.4")]
    [InlineData("+1::")]
    [InlineData("0x1::")]
    public void What_is_no_IPv6_address_is_refused(string text) =>
        Assert.False(AddressText.TryReadIPv6(Encoding.ASCII.GetBytes(text), new byte[16]));

    [Theory]
    [InlineData("")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.")]
    [InlineData("1.2.3.4.")]
    [InlineData(".1.2.3")]
    [InlineData("1..2.3")]
    [InlineData("256.1.1.1")]
    [InlineData("01.1.1.1")]
    [InlineData("0x1.1.1.1")]
    [InlineData("+1.1.1.1")]
    [InlineData("1.1.1.1 ")]
    [InlineData("16909060")]
    public void What_is_no_IPv4_address_is_refused(string text) =>
        Assert.False(AddressText.TryReadIPv4(Encoding.ASCII.GetBytes(text), new byte[4]));

    [Fact]
    public void Every_IPv6_address_is_written_so_that_all_read_the_same() =>
        Prop.ForAll(Generators.IPv6.ToArbitrary(), address =>
        {
            var text = Write(address.GetAddressBytes());
            var read = new byte[16];
            return text.Length <= 39
                && IPAddress.Parse(text).Equals(address)
                && AddressText.TryReadIPv6(Encoding.ASCII.GetBytes(text), read)
                && read.AsSpan().SequenceEqual(address.GetAddressBytes());
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_is_accepted_is_what_the_platform_reads_too() =>
        HostileInput.FeedBounded(
            input =>
            {
                Span<byte> address = stackalloc byte[16];
                if (AddressText.TryReadIPv6(input, address))
                {
                    Assert.True(IPAddress.TryParse(Encoding.ASCII.GetString(input), out var same)
                        && same.GetAddressBytes().AsSpan().SequenceEqual(address));
                }

                if (AddressText.TryReadIPv4(input, address))
                {
                    Assert.True(IPAddress.TryParse(Encoding.ASCII.GetString(input), out var same)
                        && same.GetAddressBytes().AsSpan().SequenceEqual(address[..4]));
                }
            },
            ["2001:db8:0:1:2:3:4:5"u8.ToArray(), "::ffff:192.0.2.1"u8.ToArray(), "1:2::3"u8.ToArray(), "203.0.113.254"u8.ToArray()],
            maxAllocated: 4 * 1024);

    private static string Write(byte[] address)
    {
        Span<byte> text = stackalloc byte[39];
        return Encoding.ASCII.GetString(text[..AddressText.WriteIPv6(address, text)]);
    }
}
