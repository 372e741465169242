using Tunnel.Shared.Files;

namespace Tunnel.Shared.Hosting;

/// <summary>Where a service keeps its files by default: one rule for both services and for their commands.</summary>
public sealed class ServicePaths
{
    private const string SocketName = "admin.sock";

    private readonly string _name;
    private readonly Func<string, string?> _environment;
    private readonly bool _isRoot;
    private readonly Func<string, bool> _canWriteIn;
    private readonly Func<string, bool> _isThere;

    /// <summary>Creates the paths for this process.</summary>
    /// <param name="name"><c>tunnel-hub</c> or <c>tunnel-edge</c>.</param>
    public ServicePaths(string name)
        : this(name, HomeDirectory.Environment, UnixFile.CurrentUser == 0, UnixFile.CanWriteIn, UnixFile.IsThere)
    {
    }

    internal ServicePaths(
        string name, Func<string, string?> environment, bool isRoot, Func<string, bool> canWriteIn, Func<string, bool> isThere) =>
        (_name, _environment, _isRoot, _canWriteIn, _isThere) = (name, environment, isRoot, canWriteIn, isThere);

    /// <summary>
    /// The state directory: systemd's <c>STATE_DIRECTORY</c> if set; otherwise <c>/var/lib/NAME</c> for root and for a user without a home,
    /// and <c>XDG_STATE_HOME/NAME</c> or <c>~/.local/state/NAME</c> for other users.
    /// </summary>
    public string StateDirectory =>
        First("STATE_DIRECTORY") is { } systemd ? systemd
        : _isRoot ? $"/var/lib/{_name}"
        : First("XDG_STATE_HOME") is { } state ? Path.Combine(state, _name)
        : First("HOME") is { Length: > 1 } home ? Path.Combine(home, ".local/state", _name)
        : $"/var/lib/{_name}";

    /// <summary>
    /// The admin socket of a service that is about to run, in the first of the usual directories that can be written or created.
    /// </summary>
    /// <param name="stateDirectory">The service's state directory.</param>
    public string AdminSocket(string stateDirectory)
    {
        var places = Places(stateDirectory);
        return Path.Combine(places.FirstOrDefault(_canWriteIn) ?? places[0], SocketName);
    }

    /// <summary>
    /// The admin socket of a service that may be running: the first one that exists, or else where it would be for root and under systemd.
    /// </summary>
    /// <inheritdoc cref="AdminSocket"/>
    public string RunningAdminSocket(string stateDirectory) =>
        Places(stateDirectory).Select(place => Path.Combine(place, SocketName)).FirstOrDefault(_isThere)
            ?? Path.Combine(SystemPlace, SocketName);

    private string SystemPlace => $"/run/{_name}";

    // The user's own directory comes before the system's, which is root's.
    private List<string> Places(string stateDirectory)
    {
        var places = new List<string>();
        if (First("RUNTIME_DIRECTORY") is { } systemd)
            places.Add(systemd);
        if (_isRoot)
            places.Add(SystemPlace);
        else if (First("XDG_RUNTIME_DIR") is { } user)
            places.Add(Path.Combine(user, _name));
        places.Add(Path.Combine(stateDirectory, "run"));
        if (!_isRoot)
            places.Add(SystemPlace);
        return places;
    }

    // systemd separates several directories by colons; the first is the unit's own. A path that is not absolute is ignored (XDG base
    // directories).
    private string? First(string variable) =>
        _environment(variable)?.Split(':')[0] is { Length: > 0 } value && value[0] == '/' ? value : null;
}
