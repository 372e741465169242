using System.Reflection;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>
/// The programs under test: as the build leaves them, or the native ones in the directory that <c>TUNNEL_NATIVE</c> names.
/// </summary>
public static class Binaries
{
    public static string Hub { get; } = FindNative("tunnel-hub") ?? Find("src/Hub", "tunnel-hub");

    public static string Edge { get; } = FindNative("tunnel-edge") ?? Find("src/Edge", "tunnel-edge");

    /// <summary>Whether the native programs are under test.</summary>
    public static bool AreNative => FindNative("tunnel-hub") is not null;

    /// <summary>The wide-area link between two network namespaces.</summary>
    public static string WanLink { get; } = Find("tools/WanLink", "wanlink");

    /// <summary>What stands behind the hub in <c>./tunnel demo</c>.</summary>
    public static string DemoUpstream => Find("demo/Upstream", "demo-upstream");

    /// <summary>An ASP.NET Core application behind an edge.</summary>
    public static string KestrelExample => Find("examples/Kestrel", "KestrelExample");

    /// <summary>Code that decides about clients.</summary>
    public static string HooksExample => Find("examples/Hooks", "HooksExample");

    private static string? FindNative(string program) => Environment.GetEnvironmentVariable("TUNNEL_NATIVE") switch
    {
        null or "" => null,
        var directory when Path.Combine(directory, program) is var path && File.Exists(path) => path,
        var directory => throw new FileNotFoundException($"TUNNEL_NATIVE is {directory}, and there is no {program}."),
    };

    // This runs from tests/FunctionalTests/bin/CONFIGURATION/net10.0.
    private static string Find(string project, string program)
    {
        var own = new DirectoryInfo(Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location)!);
        var configuration = own.Parent!.Name;
        var root = own.Parent.Parent!.Parent!.Parent!.Parent!.FullName;
        var path = Path.Combine(root, project, "bin", configuration, own.Name, program);
        return File.Exists(path) ? path : throw new FileNotFoundException($"Build Tunnel.sln first: there is no {path}.");
    }
}
