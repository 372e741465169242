using System.Net;

namespace Tunnel.Bench.Load.Peers;

/// <summary>This product: a hub and an edge.</summary>
/// <param name="name">Its name in the table.</param>
/// <param name="settings">Returns the settings of its ports, beside those that turn PROXY headers off.</param>
/// <param name="root">The checkout whose programs are started; null: this one.</param>
internal sealed class ThisTunnel(string name, Func<Targets, Dictionary<string, object>> settings, string? root = null) : IPeer
{
    private Workplace? _other;

    public ThisTunnel()
        : this("tunnel", static _ => [])
    {
    }

    public string Name => name;

    /// <summary>Further arguments of the edge.</summary>
    public IReadOnlyList<string> EdgeArguments { get; init; } = [];

    /// <summary>Whether its programs are the native ones.</summary>
    public bool IsNative { get; init; }

    public bool CarriesUdp => true;

    public IPAddress Address { get; } = IPAddress.Parse("127.0.11.1");

    public ProcessGroup Processes { get; } = new();

    ProcessGroup? IPeer.Processes => Processes;

    public async Task StartAsync(Workplace place, Targets targets)
    {
        if (root is not null || IsNative)
            place = _other = new Workplace(root ?? place.Root) { IsNative = IsNative };
        var placement = new TunnelPair.Placement
        {
            HubAddress = IPAddress.Loopback,
            HubPort = Workplace.FreePort(),
            EdgeAddress = Address,
            Settings = settings(targets),
            EdgeArguments = EdgeArguments,
            Start = (_, program, arguments, log) => Processes.Start(program, arguments, log),
        };
        await TunnelPair.StartAsync(place, placement, targets.TcpPorts, [targets.UdpEcho]);
        foreach (var target in targets.TcpPorts)
            await Workplace.WaitForAsync(new IPEndPoint(Address, target));
    }

    public void Dispose()
    {
        Processes.Dispose();
        _other?.Dispose();
    }
}
