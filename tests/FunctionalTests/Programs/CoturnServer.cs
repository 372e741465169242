using System.Net;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Programs;

/// <summary>coturn as a plain STUN server on 127.0.0.1 and ::1.</summary>
internal static class CoturnServer
{
    public static async Task<ManagedProcess> StartAsync(string directory, int port)
    {
        var process = ManagedProcess.Start("turnserver", DebianProgram.Turnserver, [
            "-n", "--stun-only", "-L", "127.0.0.1", "-L", "::1", "-p", $"{port}", "--no-tls", "--no-dtls", "--no-cli", "--no-rfc5780",
            "--pidfile", Path.Combine(directory, "turnserver.pid"), "--log-file", "stdout", "--simple-log"]);
        // coturn listens on TCP too.
        await Listening.WaitAsync(new IPEndPoint(IPAddress.Loopback, port), process);
        await Listening.WaitAsync(new IPEndPoint(IPAddress.IPv6Loopback, port), process);
        return process;
    }
}
