using System.Reflection;
using Microsoft.Extensions.Logging;

namespace Tunnel.Edge.UnitTests;

public sealed class LogEventIdTests
{
    private static readonly (string Namespace, int First, int Last)[] Ranges =
    [
        ("Tunnel.Edge.Ports", 3000, 3003),
        ("Tunnel.Edge.Tcp", 3004, 3099),
        ("Tunnel.Edge.Connecting", 3100, 3199),
        ("Tunnel.Edge.Connecting.Awaiting", 3100, 3199),
        ("Tunnel.Edge.Configuring", 3100, 3199),
        ("Tunnel.Edge.Udp", 3200, 3299),
        ("Tunnel.Edge.PublicAddress", 5600, 5609),
        ("Tunnel.Edge", 3300, 3399),
        ("Tunnel.Edge.Firewall", 5500, 5599),
    ];

    [Fact]
    public void Event_ids_are_unique_and_in_their_components_range()
    {
        var seen = new HashSet<int>();
        var messages = typeof(TunnelEdge).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Select(method => (method.DeclaringType!.Namespace, Attribute: method.GetCustomAttribute<LoggerMessageAttribute>()))
            .Where(message => message.Attribute is not null)
            .ToList();
        Assert.NotEmpty(messages);
        Assert.All(messages, message =>
        {
            var id = message.Attribute!.EventId;
            Assert.True(seen.Add(id), $"{id} is used twice");
            (_, var first, var last) = Assert.Single(Ranges, range => range.Namespace == message.Namespace);
            Assert.InRange(id, first, last);
        });
    }
}
