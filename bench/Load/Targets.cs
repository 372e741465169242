using System.Net;
using System.Net.Sockets;

namespace Tunnel.Bench.Load;

/// <summary>The servers that all peers forward to: nginx, iperf3 and echo servers on 127.0.0.1, the same for every peer.</summary>
internal sealed class Targets : IDisposable
{
    private readonly ProcessGroup _processes = new();
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    public int Http { get; } = Workplace.FreePort();

    /// <summary>
    /// Configures nginx, for large files too: its send buffers are small, since stalled readers would else fill all of the kernel's memory
    /// for TCP (tcp_mem).
    /// </summary>
    public int Files { get; } = Workplace.FreePort();

    public int Iperf { get; } = Workplace.FreePort();

    /// <summary>A second iperf3 server, since one serves a test at a time.</summary>
    public int IperfBeside { get; } = Workplace.FreePort();

    public int Echo { get; } = Workplace.FreePort();

    public int UdpEcho { get; private set; }

    public IEnumerable<int> TcpPorts => [Http, Files, Iperf, IperfBeside, Echo];

    public async Task StartAsync(Workplace place)
    {
        var root = Directory.CreateDirectory(place.File("www")).FullName;
        await File.WriteAllTextAsync(Path.Combine(root, "index.html"), new string('x', 128));
        await File.WriteAllBytesAsync(Path.Combine(root, "large"), new byte[16 << 20]);
        var config = place.File("nginx.conf", $$"""
            worker_processes 1; daemon off; pid {{place.File("nginx.pid")}}; error_log stderr; worker_rlimit_nofile 65536;
            events { worker_connections 32768; }
            http { access_log off; sendfile on; send_timeout 1h; keepalive_requests 1000000000; keepalive_timeout 1h; client_body_temp_path {{place.Temp}}; proxy_temp_path {{place.Temp}};
              fastcgi_temp_path {{place.Temp}}; uwsgi_temp_path {{place.Temp}}; scgi_temp_path {{place.Temp}};
              server { listen 127.0.0.1:{{Http}} backlog=4096; listen 127.0.0.1:{{Files}} backlog=4096 sndbuf=32k; root {{root}}; location = /allow { return 200; } } }
            """);
        _processes.Start("nginx", ["-c", config, "-p", place.Temp], place.File("nginx.log"));
        _processes.Start("iperf3", ["-s", "-B", "127.0.0.1", "-p", $"{Iperf}"], place.File("iperf.log"));
        _processes.Start("iperf3", ["-s", "-B", "127.0.0.1", "-p", $"{IperfBeside}"], place.File("iperf-beside.log"));
        var (echo, arguments) = EchoProgram.ServerAt(new IPEndPoint(IPAddress.Loopback, Echo));
        _processes.Start(echo, arguments, place.File("echo.log"));
        _udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        UdpEcho = ((IPEndPoint)_udp.LocalEndPoint!).Port;
        new Thread(EchoDatagrams) { IsBackground = true }.Start();
        foreach (var port in TcpPorts)
            await Workplace.WaitForAsync(new IPEndPoint(IPAddress.Loopback, port));
    }

    public void Dispose()
    {
        _processes.Dispose();
        _udp.Dispose();
    }

    private void EchoDatagrams()
    {
        var buffer = new byte[65_536];
        var from = new SocketAddress(AddressFamily.InterNetwork);
        try
        {
            while (true)
            {
                var count = _udp.ReceiveFrom(buffer, SocketFlags.None, from);
                _udp.SendTo(buffer.AsSpan(0, count), SocketFlags.None, from);
            }
        }
        catch (SocketException)
        {
            // The targets were disposed of: the run is over.
        }
    }
}
