using System.Net;

namespace Tunnel.Bench.Load.Peers;

/// <summary>
/// Two HAProxies, which are the yardstick: TCP in, a TLS 1.3 connection with PROXY v2 for each client between them, TCP out.
/// </summary>
internal sealed class HaproxyPair : IPeer
{
    private const string Global = """
        global
          maxconn 9500
          nbthread 2
        defaults
          mode tcp
          timeout connect 10s
          timeout client 1h
          timeout server 1h

        """;

    public string Name => "haproxy";

    public bool CarriesUdp => false;

    public IPAddress Address { get; } = IPAddress.Parse("127.0.12.1");

    public ProcessGroup Processes { get; } = new();

    ProcessGroup? IPeer.Processes => Processes;

    public async Task StartAsync(Workplace place, Targets targets)
    {
        var certificate = Certificate.Write(place);
        var edge = Global;
        var hub = Global;
        foreach (var target in targets.TcpPorts)
        {
            edge += $"listen in{target}\n  bind {Address}:{target}\n  server hub 127.0.12.2:{target} ssl verify none ssl-min-ver TLSv1.3 "
                + "send-proxy-v2\n";
            hub += $"listen out{target}\n  bind 127.0.12.2:{target} ssl crt {certificate} ssl-min-ver TLSv1.3 accept-proxy\n  server "
                + $"target 127.0.0.1:{target}\n";
        }

        Processes.Start("haproxy", ["-db", "-f", place.File("haproxy-hub.cfg", hub)], place.File("haproxy-hub.log"));
        Processes.Start("haproxy", ["-db", "-f", place.File("haproxy-edge.cfg", edge)], place.File("haproxy-edge.log"));
        foreach (var target in targets.TcpPorts)
            await Workplace.WaitForAsync(new IPEndPoint(Address, target));
    }

    public void Dispose() => Processes.Dispose();
}
