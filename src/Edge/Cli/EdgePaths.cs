namespace Tunnel.Edge.Cli;

/// <summary>Where files are when nothing else is said.</summary>
internal static class EdgePaths
{
    public const string ConfigFile = "/etc/tunnel-edge/edge.json";

    private const string Name = "tunnel-edge";
    private const string SystemSocket = $"/run/{Name}/admin.sock";

    /// <summary>The state directory: systemd's, or the user's (XDG base directories).</summary>
    public static string StateDirectory(Func<string, string?> environment)
    {
        if (environment("STATE_DIRECTORY")?.Split(':') is [{ Length: > 0 } first, ..])
            return first;
        var home = environment("XDG_STATE_HOME") is { Length: > 0 } state ? state : Path.Combine(environment("HOME") ?? "/", ".local/state");
        return Path.Combine(home, Name);
    }

    /// <summary>The admin socket of a service that is about to run: the system's for root and under systemd, else the user's.</summary>
    public static string AdminSocket(Func<string, string?> environment, string stateDirectory) =>
        environment("RUNTIME_DIRECTORY")?.Split(':') is [{ Length: > 0 } first, ..] ? Path.Combine(first, "admin.sock")
        : Environment.IsPrivilegedProcess ? SystemSocket
        : UserSocket(environment, stateDirectory);

    /// <summary>The admin socket of a service that may be running: the user's own if there is one, else the system's.</summary>
    public static string RunningAdminSocket(Func<string, string?> environment, string stateDirectory) =>
        UserSocket(environment, stateDirectory) is var own && File.Exists(own) ? own : SystemSocket;

    private static string UserSocket(Func<string, string?> environment, string stateDirectory) =>
        environment("XDG_RUNTIME_DIR") is { Length: > 0 } runtime
            ? Path.Combine(runtime, Name, "admin.sock")
            : Path.Combine(stateDirectory, "admin.sock");
}
