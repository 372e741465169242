using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Tunnel.Edge.Configuring;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Ports;

namespace Edge.UnitTests.Configuring;

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
}
