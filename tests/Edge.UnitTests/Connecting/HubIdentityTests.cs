using System.Net;
using Tunnel.Edge.Connecting;

namespace Tunnel.Edge.UnitTests.Connecting;

public sealed class HubIdentityTests
{
    private static readonly IPAddress Address = IPAddress.Parse("192.0.2.1");
    private static readonly HubIdentity A = new("a:8443", Address) { Machine = "m1", Pins = ["p1"] };

    [Fact]
    public void Hubs_that_have_nothing_in_common_are_redundant() =>
        Assert.Empty(
            HubIdentity.FindFaults(
                [A, new("b:8443", IPAddress.Parse("192.0.2.2")) { Machine = "m2", Pins = ["p1"] }, new("c:8443", null)]));

    [Fact]
    public void One_machine_counts_more_than_one_address() =>
        Assert.Equal(
            [
                "a:8443 and b:8443 run on one machine: whoever loses it loses both",
                "a:8443 and c:8443 are behind one address, 192.0.2.1: whoever loses it loses both",
                "b:8443 and c:8443 are behind one address, 192.0.2.1: whoever loses it loses both",
            ],
            HubIdentity.FindFaults([A, A with { Name = "b:8443" }, A with { Name = "c:8443", Machine = null }]));

    [Fact]
    public void One_certificate_with_different_states_may_be_a_copy()
    {
        var copy = new HubIdentity("b:8443", null) { Pins = ["p2", "p1"], IsOutdated = true };
        Assert.Equal(
            ["a:8443 and b:8443 have the same certificate and different states: one may be an old copy of the other"],
            HubIdentity.FindFaults([A, copy]));
        Assert.Empty(HubIdentity.FindFaults([A, copy with { Pins = ["p2"] }]));
        Assert.Empty(HubIdentity.FindFaults([A, copy with { IsOutdated = false }]));
    }
}
