using System.Net;
using Tunnel.Edge.Connecting;

namespace Tunnel.Edge.UnitTests.Connecting;

public sealed class AddressOrderTests
{
    [Theory]
    [InlineData("2001:db8::1 2001:db8::2 192.0.2.1 192.0.2.2", "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2")]
    [InlineData("192.0.2.1 192.0.2.2 192.0.2.3 2001:db8::1", "192.0.2.1 2001:db8::1 192.0.2.2 192.0.2.3")]
    [InlineData("192.0.2.1 192.0.2.1", "192.0.2.1")]
    public void Families_alternate_and_the_resolvers_first_leads(string resolved, string expected) =>
        Assert.Equal(Parse(expected), AddressOrder.Interleave(Parse(resolved)));

    [Theory]
    [InlineData("192.0.2.2", "192.0.2.2 2001:db8::1 192.0.2.1 2001:db8::2")]
    [InlineData("2001:db8::2", "2001:db8::2 192.0.2.1 2001:db8::1 192.0.2.2")]
    [InlineData("192.0.2.9", "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2")]
    public void The_one_that_is_asked_for_leads_where_the_name_still_has_it(string first, string expected) =>
        Assert.Equal(
            Parse(expected),
            AddressOrder.Interleave(Parse("2001:db8::1 2001:db8::2 192.0.2.1 192.0.2.2"), IPAddress.Parse(first)));

    [Fact]
    public void Nothing_stays_nothing() => Assert.Empty(AddressOrder.Interleave([]));

    private static IPAddress[] Parse(string addresses) => [.. addresses.Split(' ').Select(IPAddress.Parse)];
}
