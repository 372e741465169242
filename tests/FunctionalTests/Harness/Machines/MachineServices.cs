namespace Tunnel.FunctionalTests.Harness.Machines;

/// <summary>
/// Hub and edge as services of the two machines, by their units, with nginx behind them: an edge that serves port 80 over TCP.
/// </summary>
internal static class MachineServices
{
    /// <summary>The address at which a client of the edge's machine asks.</summary>
    public const string Url = "http://10.1.0.1/";

    // A build with the JIT needs these; the native programs of the packages don't.
    private const string Install = """
        mkdir -p /opt/tunnel && cp -r 'PROGRAM' /opt/tunnel/NAME && ln -sf /opt/tunnel/NAME/tunnel-NAME /usr/bin/tunnel-NAME
        useradd --system --user-group tunnel-NAME || true
        cp 'UNITS/tunnel-NAME.service' /etc/systemd/system/
        mkdir -p /etc/tunnel-NAME /etc/systemd/system/tunnel-NAME.service.d
        printf '[Service]\nMemoryDenyWriteExecute=no\n' > /etc/systemd/system/tunnel-NAME.service.d/jit.conf
        systemctl daemon-reload
        """;

    private const string Nginx = """
        events {}
        http {
          access_log off;
          server {
            listen 127.0.0.1:80 proxy_protocol;
            location / { return 200 "fine\n"; }
            location /slow { limit_rate 1; alias /etc/nginx/nginx.conf; }
          }
        }
        """;

    /// <summary>Installs and starts both; returns once the edge has its port.</summary>
    public static async Task StartAsync(MachinePair machines)
    {
        (await machines.Hub.RunAsync("cat > /etc/nginx/nginx.conf && systemctl start nginx", Nginx)).Succeeded();
        (await machines.Hub.RunAsync(Installing("hub", Binaries.Hub))).Succeeded();
        (await machines.Hub.RunAsync(
            "echo '{ \"publicHost\": \"hub.example.com:8443\" }' > /etc/tunnel-hub/hub.json && systemctl start tunnel-hub")).Succeeded();
        var token = (await machines.Hub.RunAsync("tunnel-hub edge add vps --tcp 80")).Succeeded().StandardOutput.Trim();
        (await machines.Edge.RunAsync(Installing("edge", Binaries.Edge))).Succeeded();
        (await machines.Edge.RunAsync(
            "cat > /etc/tunnel-edge/token && echo '{ \"stunServers\": [] }' > /etc/tunnel-edge/edge.json && systemctl start tunnel-edge",
            token)).Succeeded();
        await machines.Edge.WaitForAsync($"curl {Url}");
    }

    private static string Installing(string name, string program) => Install
        .Replace("PROGRAM", Path.GetDirectoryName(program), StringComparison.Ordinal)
        .Replace("UNITS", Path.Combine(TestUtilities.Documentation.Root, "deploy/systemd"), StringComparison.Ordinal)
        .Replace("NAME", name, StringComparison.Ordinal);
}
