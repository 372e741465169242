using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>
/// Hub and edge run where a system, a container or a user puts them, each in a view of the file system that ends with the test. The tests
/// show where they make what, and whose commands find it.
/// </summary>
public sealed class PlacesTests : IDisposable
{
    private const string ServiceUser = "4242";
    private const string ServiceGroup = "4243";
    private const string Bob = "4300";

    // All that is written goes into memory, and the rest of the system is seen as it is.
    private const string OwnPlaces = "mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib && mount -t tmpfs tmpfs /home";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-functional-");

    public PlacesTests()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "another user, and a view of the file system, need root");
        File.SetUnixFileMode(_directory.FullName, (UnixFileMode)0b111_101_101);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>Starts as the units do: the directories are the service's, and its group may come to the socket.</summary>
    [Fact]
    public async Task Members_of_the_services_group_use_its_commands_and_others_are_told_what_to_do()
    {
        var port = FreePorts.Next();
        const string make = $"install -d -m 750 -o {ServiceUser} -g {ServiceGroup} /run/NAME && install -d -m 700 -o {ServiceUser} -g "
            + $"{ServiceGroup} /var/lib/NAME";
        const string systemd = "STATE_DIRECTORY=/var/lib/NAME RUNTIME_DIRECTORY=/run/NAME";
        await using var hub = await StartAsync(
            "tunnel-hub", OwnPlaces + " && " + Of("tunnel-hub", make), As(ServiceUser, ServiceGroup, Of("tunnel-hub", systemd)),
            $"{Binaries.Hub} run --tunnel-port {port} --bind-address 127.0.0.1");
        var member = As(Bob, Bob, "HOME=/home/bob", ServiceGroup);
        var token = (await RunInAsync(hub, member, $"{Binaries.Hub} edge add vps --host 127.0.0.1:{port}")).Succeeded().StandardOutput;
        Assert.Contains(
            "vps", (await RunInAsync(hub, member, $"{Binaries.Hub} status")).Succeeded().StandardOutput, StringComparison.Ordinal);

        await using var edge = await StartEdgeAsync(
            OwnPlaces + " && " + Of("tunnel-edge", make), As(ServiceUser, ServiceGroup, Of("tunnel-edge", systemd)), token);
        await edge.WaitForLineAsync("Connected to the hub");
        Assert.Contains(
            "connected over tcpTls", (await RunInAsync(edge, member, $"{Binaries.Edge} status")).Succeeded().StandardOutput,
            StringComparison.Ordinal);

        // Without the group the command finds the socket, but may not open it.
        foreach (var (service, command) in new[] { (hub, $"{Binaries.Hub} status"), (edge, $"{Binaries.Edge} status") })
        {
            var refused = await RunInAsync(service, As(Bob, Bob, "HOME=/home/bob"), command);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("No permission for the admin socket /run/tunnel-", refused.StandardError, StringComparison.Ordinal);
            Assert.Contains("as a member of the socket's group", refused.StandardError, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Root_without_systemd_has_the_systems_directories_and_so_have_its_commands()
    {
        var port = FreePorts.Next();
        await using var hub = await StartAsync(
            "tunnel-hub", OwnPlaces, "env -i HOME=/root " + Root, $"{Binaries.Hub} run --tunnel-port {port} --bind-address 127.0.0.1");
        var token = (await RunInAsync(hub, "env -i HOME=/root " + Root, $"{Binaries.Hub} edge add vps --host 127.0.0.1:{port}"))
            .Succeeded().StandardOutput;
        (await RunInAsync(hub, "", "test -S /run/tunnel-hub/admin.sock -a -f /var/lib/tunnel-hub/edges.json")).Succeeded();
        await using var edge = await StartEdgeAsync(OwnPlaces, "env -i HOME=/root " + Root, token);
        await edge.WaitForLineAsync("Connected to the hub");
        (await RunInAsync(edge, "", "test -S /run/tunnel-edge/admin.sock -a -d /var/lib/tunnel-edge")).Succeeded();
        (await RunInAsync(edge, "env -i HOME=/root " + Root, $"{Binaries.Edge} status")).Succeeded();
    }

    /// <summary>Starts as in a container: only the volume can be written, and the user has neither a name nor a home.</summary>
    [Fact]
    public async Task On_a_read_only_root_all_of_it_is_in_the_volume()
    {
        var port = FreePorts.Next();
        const string make = $"mount -t tmpfs -o ro tmpfs /run && mkdir -p /mnt && mount -t tmpfs tmpfs /mnt && chown {ServiceUser} /mnt "
            + "&& mount -o remount,bind,ro /";
        const string container = "TUNNEL_HUB__STATEDIR=/mnt/hub TUNNEL_EDGE__STATEDIR=/mnt/edge";
        var user = As(ServiceUser, ServiceUser, container);
        await using var hub = await StartAsync(
            "tunnel-hub", make, user, $"{Binaries.Hub} run --tunnel-port {port} --bind-address 127.0.0.1");
        Assert.NotEqual(0, (await RunInAsync(hub, "", "touch /written")).ExitCode);
        var token = (await RunInAsync(hub, user, $"{Binaries.Hub} edge add vps --host 127.0.0.1:{port}")).Succeeded().StandardOutput;
        (await RunInAsync(hub, "", "test -S /mnt/hub/run/admin.sock")).Succeeded();

        await using var edge = await StartEdgeAsync(make, user, token);
        await edge.WaitForLineAsync("Connected to the hub");
        (await RunInAsync(edge, user, $"{Binaries.Edge} status")).Succeeded();
        Assert.Contains(
            "ok       settings", (await RunInAsync(edge, user, $"{Binaries.Edge} doctor")).StandardOutput, StringComparison.Ordinal);
    }

    // Every program must know where the runtime of a build that is not native is.
    private static string Root => Environment.GetEnvironmentVariable("DOTNET_ROOT") is { } root ? $"DOTNET_ROOT={root}" : "";

    private static string Of(string name, string text) => text.Replace("NAME", name, StringComparison.Ordinal);

    private static string As(string user, string group, string environment, string? further = null) =>
        $"{DebianProgram.Setpriv} --reuid {user} --regid {group} {(further is null ? "--clear-groups" : $"--groups {further}")} "
            + $"--inh-caps -all --bounding-set -all env -i {Root} {environment}";

    private async Task<ManagedProcess> StartEdgeAsync(string view, string user, string token)
    {
        var file = Path.Combine(_directory.FullName, $"token-{Guid.NewGuid():N}");
        await File.WriteAllTextAsync(file, KnownSecrets.Add(token.Trim()));
        return await StartAsync(
            "tunnel-edge", view, user, $"{Binaries.Edge} run --token-file {file} --stun-servers [] --firewall off", isReady: false);
    }

    // The shell makes the view and then becomes the service, so that the process is the service's.
    private static async Task<ManagedProcess> StartAsync(string name, string view, string user, string command, bool isReady = true)
    {
        var service = ManagedProcess.Start(name, "/usr/bin/unshare", ["--mount", "/bin/sh", "-c", $"{view} && exec {user} {command}"]);
        if (isReady)
            await service.WaitForLineAsync($"{name} is ready");
        return service;
    }

    private static Task<ProgramResult> RunInAsync(ManagedProcess service, string user, string command) =>
        ManagedProcess.RunAsync(DebianProgram.Nsenter, ["--target", $"{service.Id}", "--mount", "/bin/sh", "-c", $"exec {user} {command}"]);
}
