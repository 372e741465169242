using System.Net;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Programs;

/// <summary>HAProxy as the balancer in front of an edge: passes TCP on with a PROXY header, v1 or v2, from an address of its own.</summary>
internal static class HaproxyBalancer
{
    public static async Task<ManagedProcess> StartAsync(string directory, IPEndPoint listen, IPEndPoint edge, IPAddress source, int version)
    {
        var configuration = Path.Combine(directory, $"balancer-v{version}.cfg");
        await File.WriteAllTextAsync(configuration, $"""
            defaults
              mode tcp
              timeout client 10s
              timeout server 10s
              timeout connect 10s
            listen balancer
              bind {listen}
              source {source}
              server edge {edge} {(version == 1 ? "send-proxy" : "send-proxy-v2")}

            """);
        return ManagedProcess.Start("haproxy", DebianProgram.Haproxy, ["-db", "-f", configuration]);
    }
}
