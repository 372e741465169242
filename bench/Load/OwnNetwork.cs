using System.Diagnostics;

namespace Tunnel.Bench.Load;

/// <summary>A network namespace for one measurement, so that packets may be dropped and addresses changed in it. Needs root.</summary>
internal static class OwnNetwork
{
    /// <summary>Runs this program in a namespace that has only loopback.</summary>
    /// <param name="words">The arguments of that process.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(params IEnumerable<string> words)
    {
        using var process = Process.Start(
            "unshare", ["--net", "sh", "-c", """ip link set lo up && exec "$@" """, "sh", Environment.ProcessPath!, .. words]);
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
