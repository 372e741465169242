using System.Net;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Programs;

/// <summary>nginx in the foreground, with all its files in one directory.</summary>
internal static class NginxServer
{
    /// <summary>Starts one that takes a PROXY header on every connection, answers with the client's address and logs it.</summary>
    public static Task<ManagedProcess> StartAsync(string directory, IPEndPoint endPoint) => StartAsync(directory, endPoint, $$"""
        log_format client 'client $proxy_protocol_addr $proxy_protocol_port at $proxy_protocol_server_addr $proxy_protocol_server_port';
        access_log {{directory}}/access.log client;
        server {
          listen {{endPoint}} proxy_protocol;
          location / { return 200 "$proxy_protocol_addr\n"; }
        }
        """);

    /// <summary>Starts one with these lines of the block <c>http</c>, and waits until it listens.</summary>
    public static async Task<ManagedProcess> StartAsync(string directory, IPEndPoint endPoint, string http)
    {
        var configuration = Path.Combine(directory, "nginx.conf");
        await File.WriteAllTextAsync(configuration, $$"""
            daemon off;
            master_process off;
            pid {{directory}}/nginx.pid;
            error_log stderr;
            events { worker_connections 256; }
            http {
              client_body_temp_path {{directory}}/nginx-body;
              proxy_temp_path {{directory}}/nginx-proxy;
              fastcgi_temp_path {{directory}}/nginx-fastcgi;
              uwsgi_temp_path {{directory}}/nginx-uwsgi;
              scgi_temp_path {{directory}}/nginx-scgi;
              {{http}}
            }
            """);
        var process = ManagedProcess.Start("nginx", DebianProgram.Nginx, ["-p", directory, "-c", configuration, "-e", "stderr"]);
        await Listening.WaitAsync(endPoint, process);
        return process;
    }

    /// <summary>Waits until the access log has a line with this text.</summary>
    public static Task WaitForLogAsync(string directory, string text)
    {
        var log = Path.Combine(directory, "access.log");
        return Eventually.IsTrueAsync(
            () => File.ReadAllText(log).Contains(text, StringComparison.Ordinal), $"\"{text}\" in nginx's log",
            explain: () => File.ReadAllText(log));
    }
}
