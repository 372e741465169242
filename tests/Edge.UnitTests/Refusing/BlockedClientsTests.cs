using System.Net;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Refusing;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.TestUtilities;

namespace Tunnel.Edge.UnitTests.Refusing;

public sealed class BlockedClientsTests : IDisposable
{
    private static readonly PortKey Port = PortKey.Tcp(443);
    private static readonly UInt128 Client = AddressNumber.Of(IPAddress.Parse("192.0.2.7"));

    private readonly ManualTimeProvider _time = new();
    private readonly FakeTunnelSource _tunnels = new();
    private readonly FakeTunnel _tunnel = new();
    private readonly BlockedClients _blocked;

    public BlockedClientsTests()
    {
        _tunnels.Current = _tunnel;
        _blocked = new BlockedClients(_tunnels, _time);
    }

    public void Dispose() => _blocked.Dispose();

    [Fact]
    public async Task A_second_of_refusals_is_one_report()
    {
        for (var i = 0; i < 5; i++)
            _blocked.Add(Port, RefusalReason.Denied, Client, log: true);
        _blocked.Add(Port, RefusalReason.ConnectionRate, Client, log: false);

        _time.Advance(BlockedClients.Interval);
        var report = (await _tunnel.NextReportAsync()).BlockedClients!;

        Assert.Equal([new BlockedCount(443, "tcp", "denied", 5), new BlockedCount(443, "tcp", "connectionRate", 1)], report.Counts);
        Assert.Equal([new BlockedSource(443, "tcp", "denied", "192.0.2.7", 5)], report.Sources);
        Assert.Equal(0, report.Dropped);
        _time.Advance(10 * BlockedClients.Interval);
        Assert.Equal(1, _tunnel.Reports);
    }

    [Fact]
    public async Task A_flood_from_everywhere_fits_into_a_report_and_the_rest_is_counted()
    {
        for (uint i = 0; i < 100_000; i++)
            _blocked.Add(Port, RefusalReason.MaxConnectionsPerIp, ((UInt128)0x20010db8ffffffff << 64) + ((UInt128)i << 20), log: true);
        for (var port = 1; port <= 1000; port++)
            _blocked.Add(PortKey.Udp(port), RefusalReason.MaxConnectionsPerIp, null, log: false);

        _time.Advance(BlockedClients.Interval);
        var report = await _tunnel.NextReportAsync();

        Assert.Equal(BlockedClients.MaxClients, report.BlockedClients!.Sources.Length);
        Assert.Equal(100_000 - BlockedClients.MaxClients, report.BlockedClients.Dropped);
        Assert.InRange(ControlMessage.Serialize(report).Length, 1, ControlMessage.MaxLength);
        // The other ports' counts follow.
        var total = report.BlockedClients.Counts.Sum(count => count.Count);
        for (var i = 0; i < 4; i++)
        {
            _time.Advance(BlockedClients.Interval);
            total += (await _tunnel.NextReportAsync()).BlockedClients!.Counts.Sum(count => count.Count);
        }

        Assert.Equal(101_000, total);
    }

    [Fact]
    public async Task Without_a_tunnel_the_numbers_wait()
    {
        _tunnels.Current = null;
        _blocked.Add(Port, RefusalReason.NoTunnel, Client, log: false);
        _time.Advance(60 * BlockedClients.Interval);
        _tunnels.Current = _tunnel;
        _time.Advance(BlockedClients.Interval);
        Assert.Equal(new BlockedCount(443, "tcp", "noTunnel", 1), Assert.Single((await _tunnel.NextReportAsync()).BlockedClients!.Counts));
    }
}
