using System.Net;

namespace Tunnel.Bench.Load.Peers;

/// <summary>Two stunnels, a client and a server.</summary>
internal sealed class StunnelPair : IPeer
{
    public string Name => "stunnel";

    public bool CarriesUdp => false;

    public IPAddress Address { get; } = IPAddress.Parse("127.0.13.1");

    public ProcessGroup Processes { get; } = new();

    ProcessGroup? IPeer.Processes => Processes;

    public async Task StartAsync(Workplace place, Targets targets)
    {
        var certificate = Certificate.Write(place);
        var edge = "foreground = yes\npid =\ndebug = 3\nclient = yes\nsslVersionMin = TLSv1.3\nsocket = l:TCP_NODELAY=1\nsocket = "
            + "r:TCP_NODELAY=1\n";
        var hub = $"foreground = yes\npid =\ndebug = 3\ncert = {certificate}\nsslVersionMin = TLSv1.3\nsocket = l:TCP_NODELAY=1\nsocket "
            + "= r:TCP_NODELAY=1\n";
        foreach (var target in targets.TcpPorts)
        {
            edge += $"[in{target}]\naccept = {Address}:{target}\nconnect = 127.0.13.2:{target}\n";
            hub += $"[out{target}]\naccept = 127.0.13.2:{target}\nconnect = 127.0.0.1:{target}\n";
        }

        Processes.Start("stunnel4", [place.File("stunnel-hub.conf", hub)], place.File("stunnel-hub.log"));
        Processes.Start("stunnel4", [place.File("stunnel-edge.conf", edge)], place.File("stunnel-edge.log"));
        foreach (var target in targets.TcpPorts)
            await Workplace.WaitForAsync(new IPEndPoint(Address, target));
    }

    public void Dispose() => Processes.Dispose();
}
