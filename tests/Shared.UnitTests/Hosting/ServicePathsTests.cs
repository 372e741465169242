using Tunnel.Shared.Hosting;

namespace Tunnel.Shared.UnitTests.Hosting;

/// <summary>One rule for both services, whoever runs them and wherever.</summary>
public sealed class ServicePathsTests
{
    private readonly Dictionary<string, string> _environment = [];
    private readonly HashSet<string> _readOnly = [];
    private readonly HashSet<string> _sockets = [];
    private bool _isRoot;

    [Fact]
    public void Under_systemd_both_are_where_it_says()
    {
        (_environment["STATE_DIRECTORY"], _environment["RUNTIME_DIRECTORY"]) = ("/var/lib/tunnel-hub:/var/lib/more", "/run/tunnel-hub");
        (_environment["HOME"], _environment["XDG_RUNTIME_DIR"]) = ("/home/x", "/run/user/1000");
        Assert.Equal(("/var/lib/tunnel-hub", "/run/tunnel-hub/admin.sock"), Places());
    }

    [Fact]
    public void Root_has_the_systems_directories_and_on_a_read_only_root_its_state()
    {
        (_isRoot, _environment["HOME"], _environment["XDG_RUNTIME_DIR"]) = (true, "/root", "/run/user/0");
        Assert.Equal(("/var/lib/tunnel-hub", "/run/tunnel-hub/admin.sock"), Places());
        _readOnly.Add("/run/tunnel-hub");
        Assert.Equal("/state/run/admin.sock", Usual.AdminSocket("/state"));

        // The commands look in the same places.
        _sockets.Add("/state/run/admin.sock");
        Assert.Equal("/state/run/admin.sock", Usual.RunningAdminSocket("/state"));
    }

    [Fact]
    public void A_user_has_directories_of_his_own()
    {
        (_environment["HOME"], _environment["XDG_RUNTIME_DIR"]) = ("/home/bob", "/run/user/1000");
        Assert.Equal(("/home/bob/.local/state/tunnel-hub", "/run/user/1000/tunnel-hub/admin.sock"), Places());
        // The command su leaves another user's directory in that variable.
        _readOnly.Add("/run/user/1000/tunnel-hub");
        Assert.Equal("/home/bob/.local/state/tunnel-hub/run/admin.sock", Places().Socket);
        _environment["XDG_STATE_HOME"] = "/home/bob/state";
        Assert.Equal("/home/bob/state/tunnel-hub", Places().State);
    }

    [Fact]
    public void A_user_without_a_home_needs_no_home()
    {
        Assert.Equal("/var/lib/tunnel-hub", Usual.StateDirectory);
        _environment["HOME"] = "/";
        Assert.Equal("/var/lib/tunnel-hub", Usual.StateDirectory);
        _environment["HOME"] = "relative";
        Assert.Equal("/var/lib/tunnel-hub", Usual.StateDirectory);
        Assert.Equal("/state/run/admin.sock", Usual.AdminSocket("/state"));
    }

    [Fact]
    public void A_command_finds_the_users_own_service_and_else_the_systems()
    {
        (_environment["HOME"], _environment["XDG_RUNTIME_DIR"]) = ("/home/bob", "/run/user/1000");
        const string system = "/run/tunnel-hub/admin.sock";
        // For a message, a file that the user may not look at counts as being there.
        Assert.Equal(system, Usual.RunningAdminSocket("/s"));
        _sockets.Add(system);
        Assert.Equal(system, Usual.RunningAdminSocket("/s"));
        _sockets.Add("/s/run/admin.sock");
        Assert.Equal("/s/run/admin.sock", Usual.RunningAdminSocket("/s"));
        _sockets.Add("/run/user/1000/tunnel-hub/admin.sock");
        Assert.Equal("/run/user/1000/tunnel-hub/admin.sock", Usual.RunningAdminSocket("/s"));
    }

    private ServicePaths Usual =>
        new("tunnel-hub", _environment.GetValueOrDefault, _isRoot, directory => !_readOnly.Contains(directory), _sockets.Contains);

    private (string State, string Socket) Places() => (Usual.StateDirectory, Usual.AdminSocket(Usual.StateDirectory));
}
