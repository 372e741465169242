using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Tunnel.Edge.Configuring;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Ports;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.UnitTests.Configuring;

public sealed class PortReportTests
{
    [Fact]
    public void Even_when_everything_fails_a_report_has_at_most_64_KiB()
    {
        var bound = Enumerable.Range(10000, 5000).Select(PortKey.Tcp).ToImmutableArray();
        var failed = new PortFailures();
        foreach (var number in Enumerable.Range(20000, 5000))
            failed.Set(PortKey.Udp(2 * number % 65536), new string('x', 500) + number);
        var json = JsonSerializer.Serialize(PortReport.Create(long.MaxValue, new PortState(bound, failed)));
        Assert.InRange(Encoding.UTF8.GetByteCount(json), 1, 64 << 10);
    }

    [Fact]
    public void More_ports_than_older_hubs_assign_are_reported_as_ranges()
    {
        var ports = Enumerable.Range(1, 1000).Select(PortKey.Tcp).ToImmutableArray();
        var few = PortReport.Create(1, new PortState(ports, new PortFailures()));
        Assert.Equal(1000, few.Bound.Length);
        var many = PortReport.Create(
            1, new PortState([.. ports, .. Enumerable.Range(2000, 8000).Select(PortKey.Udp), PortKey.Udp(60000)], new PortFailures()));
        Assert.Equal([new BoundPort(1, "tcp", 1000), new BoundPort(2000, "udp", 9999), new BoundPort(60000, "udp")], many.Bound);
    }

    [Fact]
    public void Every_second_port_bound_and_all_others_failed_fit_too()
    {
        var bound = Enumerable.Range(10000, 8000).Where(port => port % 2 == 0).Select(PortKey.Tcp).ToImmutableArray();
        var failed = new PortFailures();
        foreach (var number in Enumerable.Range(20000, 8000).Where(port => port % 2 == 0))
            failed.Set(PortKey.Udp(number), new string('x', 500));
        Assert.InRange(ControlMessage.Serialize(PortReport.Create(long.MaxValue, new PortState(bound, failed))).Length, 1, 64 << 10);
    }
}
