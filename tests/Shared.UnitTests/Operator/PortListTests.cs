using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tunnel.Shared.Operator;
using Tunnel.Shared.UnitTests.Protocol;

namespace Tunnel.Shared.UnitTests.Operator;

public class PortListTests
{
    [Theory]
    [InlineData("80,443,8000-8010", "80,443,8000-8010", 13)]
    [InlineData(" 443 , 80 ", "80,443", 2)]
    [InlineData("1,65535", "1,65535", 2)]
    [InlineData("5-5", "5", 1)]
    [InlineData("3,1,2", "1-3", 3)]
    [InlineData("80 - 82,83", "80-83", 4)]
    [InlineData("1000-1999", "1000-1999", 1000)]
    [InlineData("", "", 0)]
    [InlineData(null, "", 0)]
    public void A_list_is_read_sorted_and_written_with_ranges(string? text, string canonical, int count)
    {
        Assert.True(PortList.TryParse(text, out var ports, out var errors));
        Assert.Empty(errors);
        Assert.Equal(count, ports.Length);
        Assert.Equal(ports.Order(), ports);
        Assert.Equal(canonical, PortList.Format(ports));
    }

    [Theory]
    [InlineData("0", "\"0\" is not a port or a range of ports from 1 to 65535")]
    [InlineData("65536", "\"65536\" is not a port or a range of ports from 1 to 65535")]
    [InlineData("99999999999", "\"99999999999\" is not a port or a range of ports from 1 to 65535")]
    [InlineData("-80", "\"-80\" is not a port or a range of ports from 1 to 65535")]
    [InlineData("80-", "\"80-\" is not a port or a range of ports from 1 to 65535")]
    [InlineData("80-90-100", "\"80-90-100\" is not a port or a range of ports from 1 to 65535")]
    [InlineData("+80", "\"+80\" is not a port or a range of ports from 1 to 65535")]
    [InlineData("80,", "\"\" is not a port or a range of ports from 1 to 65535")]
    [InlineData("http", "\"http\" is not a port or a range of ports from 1 to 65535")]
    [InlineData("90-80", "\"90-80\" begins with the higher port; valid would be 80-90")]
    [InlineData("80,80", "\"80\" has port 80, which is there twice")]
    [InlineData("80,70-90", "\"70-90\" has port 80, which is there twice")]
    [InlineData("1-16385", "\"1-16385\" makes more than 16384 ports in total")]
    [InlineData("1-16384,20000", "\"20000\" makes more than 16384 ports in total")]
    public void What_is_wrong_is_named_with_what_is_valid(string text, string expected)
    {
        Assert.False(PortList.TryParse(text, out var ports, out var errors));
        Assert.Empty(ports);
        Assert.Equal([expected], errors);
    }

    [Fact]
    public void All_errors_are_reported_at_once()
    {
        Assert.False(PortList.TryParse("http,0,80,80,9-8", out _, out var errors));
        Assert.Equal(4, errors.Length);
    }

    [Fact]
    public void Errors_are_bounded()
    {
        Assert.False(PortList.TryParse(string.Join(',', Enumerable.Repeat(new string('x', 1000), 1000)), out _, out var errors));
        Assert.Equal(20, errors.Length);
        Assert.All(errors, error => Assert.InRange(error.Length, 1, 200));
    }

    [Fact]
    public void What_is_written_is_read_again_the_same() =>
        Prop.ForAll(Generators.Port.ArrayOf().ToArbitrary(), ports =>
            PortList.TryParse(PortList.Format(ports), out var read, out _)
                && read.SequenceEqual(ports.Distinct().Order())).QuickCheckThrowOnFailure();

    [Fact]
    public void No_input_throws() =>
        HostileInput.Feed(
            input => Assert.Equal(PortList.TryParse(Encoding.Latin1.GetString(input), out _, out var errors), errors.IsEmpty),
            ["80,443,8000-8010"u8.ToArray(), "1-999,65535"u8.ToArray()]);
}
