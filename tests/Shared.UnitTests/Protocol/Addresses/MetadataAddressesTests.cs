using System.Net;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.UnitTests.Protocol.Addresses;

public sealed class MetadataAddressesTests
{
    [Theory]
    [InlineData("169.254.169.254", true)]
    [InlineData("::ffff:169.254.169.254", true)]
    [InlineData("64:ff9b::169.254.169.254", true)]
    [InlineData("64:ff9b:1::169.254.169.254", true)]
    [InlineData("fd00:ec2::254", true)]
    [InlineData("fd20:ce::254", true)]
    [InlineData("100.100.100.200", true)]
    [InlineData("169.254.169.253", false)]
    [InlineData("fd00:ec2::255", false)]
    [InlineData("64:ff9b::10.0.0.5", false)]
    [InlineData("2001:db8::a9fe:a9fe", false)]
    public void They_are_known_in_every_form_that_leads_there(string address, bool expected) =>
        Assert.Equal(expected, MetadataAddresses.Contain(IPAddress.Parse(address)));
}
