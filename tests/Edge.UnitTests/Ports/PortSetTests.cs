using FsCheck;
using FsCheck.Fluent;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Ports;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.UnitTests.Ports;

public sealed class PortSetTests
{
    [Fact]
    public void Changes_lead_from_the_one_set_to_the_other_and_touch_nothing_else() =>
        Prop.ForAll<int[], int[]>((before, after) =>
        {
            var from = ToSet(before);
            var to = ToSet(after);
            var changes = from.ChangesTo(to);
            var unchanged = from.Ports.Intersect(to.Ports).ToHashSet();
            return from.Ports.Except(changes.Removed).Union(changes.Added).ToHashSet().SetEquals(to.Ports)
                && !unchanged.Overlaps(changes.Added) && !unchanged.Overlaps(changes.Removed)
                && changes.IsEmpty == from.Ports.SequenceEqual(to.Ports);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_same_number_is_two_ports_for_TCP_and_UDP()
    {
        var ports = PortSet.From(new TunnelConfig { ListenPorts = [53, 80, 80], ListenPortsUdp = [53] });
        Assert.Equal([PortKey.Tcp(53), PortKey.Tcp(80), PortKey.Udp(53)], ports.Ports);
    }

    // The numbers are few, so that sets overlap.
    private static PortSet ToSet(int[] numbers) =>
        PortSet.Of(numbers.Select(number => number % 2 == 0 ? PortKey.Tcp(Math.Abs(number % 20)) : PortKey.Udp(Math.Abs(number % 20))));
}
