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

    [Fact]
    public void Nothing_stays_nothing() => Assert.Empty(AddressOrder.Interleave([]));

    private static IPAddress[] Parse(string addresses) => [.. addresses.Split(' ').Select(IPAddress.Parse)];
}
