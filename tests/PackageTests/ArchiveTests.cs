using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.PackageTests;

/// <summary>The archives for other systems.</summary>
public sealed class ArchiveTests
{
    [Fact]
    public async Task The_sums_are_those_of_all_files()
    {
        var sums = await File.ReadAllLinesAsync(Packages.Sums);
        Assert.Equal(
            Directory.GetFiles(Packages.Folder).Select(Path.GetFileName).Where(name => name != "SHA256SUMS").Order(StringComparer.Ordinal),
            sums.Select(line => line.Split("  ")[1]).Order(StringComparer.Ordinal));
        (await ManagedProcess.RunAsync("sh", ["-c", "cd \"$0\" && sha256sum --check --quiet SHA256SUMS", Packages.Folder])).Succeeded();
    }

    [Theory]
    [InlineData(Packages.Hub, "hub.json")]
    [InlineData(Packages.Edge, "edge.json")]
    public async Task Its_script_installs_it_and_starts_nothing(string name, string file)
    {
        using var sandbox = new Sandbox();
        sandbox.Add(Packages.Archive(name), "package.tar.gz");
        var installed = (await sandbox.RunAsync(
            "sh", "-ec",
            "cd /srv; tar xzf package.tar.gz; rm package.tar.gz; mkdir -p /etc/systemd/system; exec ./*/install.sh")).Succeeded();
        Assert.Contains($"{name} is installed and not started.", installed.StandardOutput, StringComparison.Ordinal);
        Assert.Contains(
            "0.", (await sandbox.RunAsync($"/usr/local/bin/{name}", "version")).Succeeded().StandardOutput, StringComparison.Ordinal);
        Assert.Contains(
            $"ExecStart=/usr/local/bin/{name} run", sandbox.Read($"/etc/systemd/system/{name}.service"), StringComparison.Ordinal);
        Assert.Contains(
            $"file:///usr/local/share/doc/{name}/operations.md", sandbox.Read($"/etc/systemd/system/{name}.service"),
            StringComparison.Ordinal);
        Assert.True(await sandbox.HasAsync($"/usr/local/share/doc/{name}/operations.md"));
        Assert.NotNull(sandbox.Read($"/etc/{name}/{file}"));
        Assert.Equal(
            $"700 {name} {name}", (await sandbox.RunAsync("stat", "-c", "%a %U %G", $"/var/lib/{name}")).Succeeded().StandardOutput);

        // Installing again must not replace a file that the operator has changed.
        (await sandbox.RunAsync("sh", "-c", $"echo '{{}}' > /etc/{name}/{file}; exec /srv/*/install.sh")).Succeeded();
        Assert.Equal("{}\n", sandbox.Read($"/etc/{name}/{file}"));
    }
}
