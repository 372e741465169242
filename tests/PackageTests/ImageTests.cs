using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.PackageTests;

/// <summary>
/// The images are valid, and their programs run as a container would run them: read-only, another user, no home, little memory.
/// </summary>
public sealed class ImageTests
{
    private const string User = "65532";

    // This does what an engine does: the root file system is read-only, with the kernel's own file systems and a volume in it.
    private const string Enter = """
        mount --bind "$0" "$0"
        mkdir "$0/proc" "$0/dev"
        mount -t proc proc "$0/proc"
        mount -t tmpfs tmpfs "$0/dev"
        for device in null zero random urandom; do touch "$0/dev/$device"; mount --bind "/dev/$device" "$0/dev/$device"; done
        mount -t tmpfs -o mode=700,uid=65532,gid=65532 tmpfs "$0/var/lib/$1"
        mount -o remount,ro,bind "$0"
        shift
        exec env --ignore-environment "$@"
        """;

    [Theory]
    [InlineData(Packages.Hub)]
    [InlineData(Packages.Edge)]
    public async Task An_image_is_valid_and_has_no_shell_and_one_user(string name)
    {
        using var image = await Image.UnpackAsync(name);

        Assert.Equal($"{User}:{User}", image.Config.GetProperty("User").GetString());
        Assert.Equal([$"/usr/bin/{name}"], image.Config.GetProperty("Entrypoint").EnumerateArray().Select(word => word.GetString()));
        var files = Directory.GetFiles(image.Root, "*", SearchOption.AllDirectories).Select(file => file[image.Root.Length..]).ToArray();
        Assert.Equal(
            name == Packages.Edge ? ["/usr/bin/nft", $"/usr/bin/{name}"] : [$"/usr/bin/{name}"],
            files.Where(file => file.Contains("bin/", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Contains("/etc/ssl/certs/ca-certificates.crt", files);
        Assert.DoesNotContain(files, file =>
            (File.GetUnixFileMode(image.Root + file) & (UnixFileMode.SetUser | UnixFileMode.SetGroup | UnixFileMode.OtherWrite)) != 0);
    }

    [Theory]
    [InlineData(Packages.Hub, "TUNNEL_HUB__BINDADDRESS=127.0.0.1")]
    [InlineData(
        Packages.Edge, "TUNNEL_EDGE__HUBHOST=127.0.0.1", "TUNNEL_EDGE__EDGEID=vps", "TUNNEL_EDGE__SECRET=the-secret-of-an-edge",
        "TUNNEL_EDGE__STUNSERVERS=[]")]
    public async Task Its_program_runs_in_it_read_only_as_its_user_and_ends_at_the_first_signal(string name, params string[] settings)
    {
        using var image = await Image.UnpackAsync(name);
        string[] environment = [.. image.Environment, .. settings];
        await using var program = ManagedProcess.Start(
            name, "unshare",
            [
                "--mount", "--pid", "--net", "--fork", "--kill-child", "sh", "-euc", Enter, image.Root, name, .. environment,
                "/usr/sbin/chroot",
                $"--userspec={User}:{User}", image.Root, $"/usr/bin/{name}", "run",
            ]);
        using var memory = await MemoryLimit.OnAsync(program.Id, 64 << 20);
        await program.WaitForLineAsync("is ready");
        var id = (await File.ReadAllTextAsync($"/proc/{program.Id}/task/{program.Id}/children")).Trim();
        var status = await File.ReadAllLinesAsync($"/proc/{id}/status");
        Assert.Contains(
            status, line => line.StartsWith("NSpid:", StringComparison.Ordinal) && line.EndsWith("\t1", StringComparison.Ordinal));
        Assert.Contains(status, line => line.StartsWith($"Uid:\t{User}", StringComparison.Ordinal));

        // A container engine's health check goes by the exit code.
        (await ManagedProcess.RunAsync(
            "nsenter",
            ["--target", id, "--mount", "--root", "--pid", "--net", "--setuid", User, "--setgid", User, $"/usr/bin/{name}", "status"],
            environment: environment.Select(setting => setting.Split('=', 2))
                .ToDictionary(setting => setting[0], setting => setting[1]))).Succeeded();

        (await ManagedProcess.RunAsync("kill", ["-TERM", id])).Succeeded();
        Assert.Equal(0, await program.WaitForExitAsync(TimeSpan.FromSeconds(60)));
    }
}
