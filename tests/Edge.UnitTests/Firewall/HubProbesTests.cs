using System.Net;
using Tunnel.Edge.Firewall;

namespace Tunnel.Edge.UnitTests.Firewall;

public sealed class HubProbesTests
{
    [Theory]
    [InlineData(true, true, "b")]
    [InlineData(true, false, null)]
    [InlineData(false, true, "b")]
    [InlineData(false, false, null)]
    public async Task A_firewall_must_leave_the_way_to_each_hub_that_is_connected_and_to_one_when_none_is(
        bool first, bool second, string? fault)
    {
        var probes = new HubProbes([(new Probe(null, "192.0.2.1"), () => first), (new Probe("b", "192.0.2.2"), () => second)]);
        Assert.Equal(fault, await probes.TryAsync(CancellationToken.None));
        Assert.Equal([IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2")], probes.KnownAddresses);
    }

    [Fact]
    public async Task Without_any_way_to_a_hub_it_is_a_fault() =>
        Assert.Equal("a", await new HubProbes([(new Probe("a", "192.0.2.1"), () => false), (new Probe("b", "192.0.2.2"), () => false)])
            .TryAsync(CancellationToken.None));

    private sealed class Probe(string? fault, string address) : IHubProbe
    {
        public IReadOnlyCollection<IPAddress> KnownAddresses => [IPAddress.Parse(address)];

        public Task<string?> TryAsync(CancellationToken cancellationToken) => Task.FromResult(fault);
    }
}
