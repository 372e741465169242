using System.Net;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Programs;

/// <summary>HAProxy that demands a PROXY header (v1 or v2) and answers with the client's address and port.</summary>
internal static class HaproxyServer
{
    public static Task<ManagedProcess> StartAsync(string directory, params IPEndPoint[] endPoints) =>
        StartAsync(directory, "%[src] %[src_port]", endPoints);

    /// <summary>Starts one with an answer of its own, in HAProxy's format of logs.</summary>
    public static Task<ManagedProcess> StartAsync(string directory, string answer, params IPEndPoint[] endPoints) =>
        StartAsync(directory, answer, [.. endPoints.Select(endPoint => (endPoint, ""))]);

    /// <summary>Starts one with more options at each address, such as <c>ssl crt FILE</c>.</summary>
    public static async Task<ManagedProcess> StartAsync(
        string directory, string answer, params (IPEndPoint Address, string Options)[] binds)
    {
        var configuration = Path.Combine(directory, "haproxy.cfg");
        await File.WriteAllTextAsync(configuration, $"""
            defaults
              mode http
              timeout client 10s
              timeout server 10s
              timeout connect 10s
            frontend echo
            {string.Join('\n', binds.Select(bind => $"  bind {bind.Address} accept-proxy {bind.Options}"))}
              http-request return status 200 content-type text/plain lf-string "{answer}"

            """);
        var process = ManagedProcess.Start("haproxy", DebianProgram.Haproxy, ["-db", "-f", configuration]);
        await Listening.WaitAsync(binds[0].Address, process);
        return process;
    }
}
