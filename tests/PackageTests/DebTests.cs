using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.PackageTests;

/// <summary>The Debian packages are in order, and come and go without a trace that nobody asked for.</summary>
public sealed class DebTests
{
    [Theory]
    [InlineData(Packages.Hub)]
    [InlineData(Packages.Edge)]
    public async Task Lintian_has_nothing_to_say(string name)
    {
        var result = await ManagedProcess.RunAsync(
            "lintian", ["--allow-root", "--fail-on", "error,warning", Packages.Deb(name)], limit: TimeSpan.FromMinutes(2));
        Assert.True(result.ExitCode == 0 && result.StandardOutput.Length == 0, result.StandardOutput + result.StandardError);
    }

    [Theory]
    [InlineData(Packages.Hub, "hub.json", "sudo tunnel-hub init")]
    [InlineData(Packages.Edge, "edge.json", "sudo tunnel-edge init")]
    public async Task It_is_installed_upgraded_removed_and_purged(string name, string file, string next)
    {
        using var sandbox = new Sandbox();
        sandbox.Add(Packages.Deb(name), "one.deb");
        var installed = (await sandbox.RunAsync("dpkg", "-i", "/srv/one.deb")).Succeeded();
        Assert.Contains($"{name} is installed and not started. Next: ", installed.StandardError, StringComparison.Ordinal);
        Assert.Contains(next, installed.StandardError, StringComparison.Ordinal);
        Assert.Contains("0.", (await sandbox.RunAsync(name, "version")).Succeeded().StandardOutput, StringComparison.Ordinal);
        Assert.Equal(
            $"700 {name} {name}", (await sandbox.RunAsync("stat", "-c", "%a %U %G", $"/var/lib/{name}")).Succeeded().StandardOutput);
        Assert.Empty((await sandbox.RunAsync("man", "--warnings", "-E", "UTF-8", "-Tutf8", "-Z", name)).Succeeded().StandardError);
        foreach (var page in (string[])["operations.md", "operations/reference.md", "CHANGELOG.md"])
            (await sandbox.RunAsync("test", "-s", $"/usr/share/doc/{name}/{page}")).Succeeded();
        await UnitIsValidAsync(sandbox, name);

        // An upgrade keeps what the operator wrote, asks nothing, and says nothing of a first step.
        (await sandbox.RunAsync("sh", "-c", $"echo '{{\"logLevel\": \"debug\"}}' > /etc/{name}/{file}; echo kept > /var/lib/{name}/state"))
            .Succeeded();
        (await sandbox.RunAsync(
            "sh", "-ec", "cd /srv; dpkg-deb -R one.deb two; sed -i 's/^Version: .*/&+next/' two/DEBIAN/control; dpkg-deb -b two two.deb"))
            .Succeeded();
        var upgraded = (await sandbox.RunAsync("dpkg", "-i", "/srv/two.deb")).Succeeded();
        Assert.DoesNotContain("not started", upgraded.StandardError, StringComparison.Ordinal);
        Assert.Contains("debug", sandbox.Read($"/etc/{name}/{file}"), StringComparison.Ordinal);

        (await sandbox.RunAsync("dpkg", "-r", name)).Succeeded();
        Assert.False(await sandbox.HasAsync($"/usr/bin/{name}"));
        Assert.Equal("kept\n", sandbox.Read($"/var/lib/{name}/state"));
        Assert.Contains("debug", sandbox.Read($"/etc/{name}/{file}"), StringComparison.Ordinal);

        var purged = (await sandbox.RunAsync("dpkg", "-P", name)).Succeeded();
        Assert.Contains($"/var/lib/{name} is kept", purged.StandardError, StringComparison.Ordinal);
        Assert.Equal("kept\n", sandbox.Read($"/var/lib/{name}/state"));
        Assert.False(await sandbox.HasAsync($"/etc/{name}/{file}"));
        Assert.Empty((await sandbox.RunAsync("find", "/usr", "-name", $"*{name}*")).Succeeded().StandardOutput);
    }

    [Theory]
    [InlineData(Packages.Hub)]
    [InlineData(Packages.Edge)]
    public async Task A_purge_removes_the_state_when_it_is_asked_to(string name)
    {
        using var sandbox = new Sandbox();
        sandbox.Add(Packages.Deb(name), "one.deb");
        (await sandbox.RunAsync("dpkg", "-i", "/srv/one.deb")).Succeeded();
        (await sandbox.RunAsync($"{name} {name}/purge-state boolean true\n", ["debconf-set-selections"])).Succeeded();
        (await sandbox.RunAsync("dpkg", "-P", name)).Succeeded();
        Assert.False(await sandbox.HasAsync($"/var/lib/{name}"));
        Assert.False(await sandbox.HasAsync($"/etc/{name}"));
    }

    [Theory]
    [InlineData(Packages.Hub)]
    [InlineData(Packages.Edge)]
    public async Task Links_of_its_pages_lead_somewhere(string name)
    {
        var directory = Directory.CreateTempSubdirectory("tunnel-deb-");
        try
        {
            (await ManagedProcess.RunAsync("dpkg-deb", ["-x", Packages.Deb(name), directory.FullName])).Succeeded();
            var pages = Path.Combine(directory.FullName, "usr/share/doc", name);
            var all = Directory.GetFiles(pages, "*.md", SearchOption.AllDirectories);
            Assert.Contains(Path.Combine(pages, "operations/reference.md"), all);
            Assert.Empty(PageLinks.Broken(pages, all.Select(page => Path.GetRelativePath(pages, page))));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task The_hub_starts_with_the_file_that_comes_with_it_as_its_own_user()
    {
        using var sandbox = new Sandbox();
        sandbox.Add(Packages.Deb(Packages.Hub), "one.deb");
        (await sandbox.RunAsync("dpkg", "-i", "/srv/one.deb")).Succeeded();
        var environment = new Dictionary<string, string>
        {
            ["TUNNEL_HUB__TUNNELPORT"] = $"{FreePorts.Next()}",
            ["TUNNEL_HUB__BINDADDRESS"] = "127.0.0.1",
        };
        await using var hub = sandbox.Start(
            environment, "setpriv", "--reuid", Packages.Hub, "--regid", Packages.Hub, "--clear-groups", "--bounding-set", "-all",
            "--inh-caps", "-all",
            Packages.Hub, "run", "--state-dir", $"/var/lib/{Packages.Hub}");
        await hub.WaitForLineAsync("is ready");
    }

    // systemd 252 (Debian 12) ignores the settings of restarts that it does not know, and says so.
    private static async Task UnitIsValidAsync(Sandbox sandbox, string name)
    {
        var unit = (await sandbox.RunAsync("systemd-analyze", "verify", "--recursive-errors=no", $"{name}.service"));
        Assert.DoesNotContain(
            (unit.StandardOutput + "\n" + unit.StandardError).Split('\n'),
            line => line.Length > 0 && !line.Contains("Unknown key 'Restart", StringComparison.Ordinal) && !line.Contains(
                "Unknown key name 'Restart", StringComparison.Ordinal));
    }
}
