using System.Net;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Programs;

/// <summary>Debian's proxies on 127.0.0.1: tinyproxy for HTTP CONNECT, microsocks for SOCKS5.</summary>
internal static class OutwardProxy
{
    /// <param name="kind">The kind of proxy, http or socks5.</param>
    /// <param name="directory">The directory of its files.</param>
    /// <param name="port">Its port.</param>
    /// <param name="user">A user with the password, separated by a colon; null: anybody may use it.</param>
    public static async Task<ManagedProcess> StartAsync(string kind, string directory, int port, string? user)
    {
        var process = kind == "http" ? Tinyproxy(directory, port, user) : Microsocks(port, user);
        await Listening.WaitAsync(new IPEndPoint(IPAddress.Loopback, port), process);
        return process;
    }

    private static ManagedProcess Tinyproxy(string directory, int port, string? user)
    {
        var file = Path.Combine(directory, $"tinyproxy-{port}.conf");
        File.WriteAllLines(
            file,
            [
                $"Port {port}", "Listen 127.0.0.1", "Timeout 600", "Allow 127.0.0.1", "LogLevel Connect",
                .. user is null ? (string[])[] : [$"BasicAuth {user.Replace(':', ' ')}"],
            ]);
        return ManagedProcess.Start("tinyproxy", DebianProgram.Tinyproxy, ["-d", "-c", file]);
    }

    private static ManagedProcess Microsocks(int port, string? user) =>
        ManagedProcess.Start(
            "microsocks", DebianProgram.Microsocks,
            ["-i", "127.0.0.1", "-p", $"{port}", .. user is null ? (string[])[] : ["-u", user.Split(':')[0], "-P", user.Split(':')[1]]]);
}
