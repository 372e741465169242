using System.Net;

namespace Tunnel.Bench.Load.Peers;

/// <summary>This product: a hub and an edge.</summary>
internal sealed class ThisTunnel : IPeer
{
    public string Name => "tunnel";

    public bool CarriesUdp => true;

    public IPAddress Address { get; } = IPAddress.Parse("127.0.11.1");

    public ProcessGroup Processes { get; } = new();

    ProcessGroup? IPeer.Processes => Processes;

    public async Task StartAsync(Workplace place, Targets targets)
    {
        var placement = new TunnelPair.Placement
        {
            HubAddress = IPAddress.Loopback,
            HubPort = Workplace.FreePort(),
            EdgeAddress = Address,
            Start = (_, program, arguments, log) => Processes.Start(program, arguments, log),
        };
        await TunnelPair.StartAsync(place, placement, targets.TcpPorts, [targets.UdpEcho]);
        foreach (var target in targets.TcpPorts)
            await Workplace.WaitForAsync(new IPEndPoint(Address, target));
    }

    public void Dispose() => Processes.Dispose();
}
