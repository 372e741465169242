using System.Diagnostics;

namespace Tunnel.Shared.UnitTests.Hosting;

/// <summary>Runs commands for what .NET has no call for.</summary>
internal static class UnixCommands
{
    public static void MakeFifo(string path) => Run("mkfifo", path);

    /// <summary>Gives a file to another user; for root only.</summary>
    public static void GiveTo(uint user, string path) => Run("chown", $"{user}", path);

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
