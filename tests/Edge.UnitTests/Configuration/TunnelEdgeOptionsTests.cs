using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Configuration;

namespace Tunnel.Edge.UnitTests.Configuration;

public sealed class TunnelEdgeOptionsTests
{
    [Theory]
    [InlineData("127.1", "stun.example")]
    [InlineData("hub.example", "010.0.0.1")]
    [InlineData("hub.example:8443", "stun.example")]
    public void Code_that_embeds_an_edge_hears_of_a_host_that_is_none(string hub, string stun)
    {
        var options = new TunnelEdgeOptions
        {
            HubHost = hub,
            EdgeId = "e",
            Secret = "a-very-secret-secret",
            StunServers = [new DnsEndPoint(stun, 3478)],
        };
        Assert.Throws<ArgumentException>(() => new TunnelEdge(options, NullLoggerFactory.Instance));
    }
}
