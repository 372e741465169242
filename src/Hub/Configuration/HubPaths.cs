namespace Tunnel.Hub.Configuration;

/// <summary>Where the hub keeps things when nothing else is said.</summary>
internal static class HubPaths
{
    public const string ConfigFile = "/etc/tunnel-hub/hub.json";

    private const string Name = "tunnel-hub";

    /// <summary>systemd's state directory, else <c>/var/lib/tunnel-hub</c> for root, else <c>~/.local/state/tunnel-hub</c>.</summary>
    public static string DefaultStateDir() =>
        FirstOf("STATE_DIRECTORY")
        ?? (Environment.IsPrivilegedProcess
            ? $"/var/lib/{Name}"
            : Path.Combine(FirstOf("XDG_STATE_HOME") ?? Path.Combine(Home(), ".local/state"), Name));

    /// <summary>
    /// In a directory of its own: systemd's runtime directory, <c>/run/tunnel-hub</c> for root, the user's runtime directory, else the
    /// state directory. The commands look in the same place.
    /// </summary>
    public static string DefaultAdminSocket(string stateDir)
    {
        var directory = FirstOf("RUNTIME_DIRECTORY")
            ?? (Environment.IsPrivilegedProcess ? $"/run/{Name}"
                : FirstOf("XDG_RUNTIME_DIR") is { } user ? Path.Combine(user, Name)
                : Path.Combine(stateDir, "run"));
        return Path.Combine(directory, "admin.sock");
    }

    // systemd separates several directories by colons; the first is the unit's own.
    private static string? FirstOf(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value.Split(':')[0] : null;

    private static string Home() => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
}
