using System.Formats.Tar;
using System.IO.Compression;
using System.Xml.Linq;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.PackageTests;

/// <summary>The NuGet packages have what a program needs, and the example of docs/library.md is built with them.</summary>
public sealed class NuGetTests
{
    [Theory]
    [InlineData("Tunnel.Shared", "Tunnel.Shared")]
    [InlineData("Tunnel.Hub", "tunnel-hub")]
    [InlineData("Tunnel.Edge", "tunnel-edge")]
    public async Task A_package_has_the_library_its_documentation_the_page_and_symbols(string id, string assembly)
    {
        await using var package = await ZipFile.OpenReadAsync(Packages.NuGet(id, "nupkg"));
        await using var symbols = await ZipFile.OpenReadAsync(Packages.NuGet(id, "snupkg"));

        Assert.Superset(new HashSet<string> { $"lib/net10.0/{assembly}.dll", $"lib/net10.0/{assembly}.xml", "library.md" }, Files(package));
        Assert.Contains($"lib/net10.0/{assembly}.pdb", Files(symbols));
        await using var content = await package.GetEntry($"{id}.nuspec")!.OpenAsync();
        var metadata = (await XDocument.LoadAsync(content, LoadOptions.None, CancellationToken.None)).Root!.Elements().Single(
            element => element.Name.LocalName == "metadata");
        Assert.Equal((id, "MIT", "library.md"), (Value(metadata, "id"), Value(metadata, "license"), Value(metadata, "readme")));
        Assert.NotEmpty(Value(metadata, "description"));
        var shared = metadata.Descendants().Where(
            element => element.Name.LocalName == "dependency" && element.Attribute("id")!.Value == "Tunnel.Shared");
        Assert.Equal(
            id == "Tunnel.Shared" ? [] : [Value(metadata, "version")], shared.Select(dependency => dependency.Attribute("version")!.Value));
        Assert.Equal([Packages.Version], [Value(metadata, "version")]);
    }

    [Fact]
    public async Task Their_files_are_as_old_as_those_of_the_archives_and_not_as_the_build()
    {
        await using var archive = new TarReader(new GZipStream(File.OpenRead(Packages.Archive(Packages.Hub)), CompressionMode.Decompress));
        var commit = (await archive.GetNextEntryAsync())!.ModificationTime;
        foreach (var id in new[] { "Tunnel.Shared", "Tunnel.Hub", "Tunnel.Edge" })
        {
            await using var package = await ZipFile.OpenReadAsync(Packages.NuGet(id, "nupkg"));

            // A ZIP archive keeps times in steps of two seconds and without a time zone.
            Assert.All(package.Entries, entry =>
                Assert.InRange(commit.UtcDateTime - entry.LastWriteTime.DateTime, TimeSpan.Zero, TimeSpan.FromSeconds(2)));
        }
    }

    [Fact]
    public async Task The_example_is_built_with_the_packages_and_runs()
    {
        // Packages of an earlier build have the same version, so the user's cache is not used.
        var folder = Directory.CreateTempSubdirectory("tunnel-nuget-");
        var usual = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget/packages");
        try
        {
            (await ManagedProcess.RunAsync(
                "dotnet",
                [
                    "build", Path.Combine(Documentation.Root, "examples/Embedded"), "--configuration", "Release", "--nologo", "--output",
                    $"{folder}/program",
                    $"-p:RestorePackagesPath={folder}/packages", $"-p:RestoreFallbackFolders={usual}", "-p:UseSharedCompilation=false",
                    "-nodeReuse:false",
                ],
                limit: TimeSpan.FromMinutes(10))).Succeeded();
            Assert.True(Directory.Exists($"{folder}/packages/tunnel.hub"));

            var result =
                (await ManagedProcess.RunAsync($"{folder}/program/EmbeddedExample", [], limit: TimeSpan.FromMinutes(2))).Succeeded();
            Assert.Contains("vps has come from 127.0.0.1:", result.StandardOutput, StringComparison.Ordinal);
            Assert.Contains("port 18080 is wanted, the edge is connected", result.StandardOutput, StringComparison.Ordinal);
            Assert.Contains("hello through the tunnel", result.StandardOutput, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static HashSet<string> Files(ZipArchive archive) => [.. archive.Entries.Select(entry => entry.FullName)];

    private static string Value(XElement metadata, string name) =>
        metadata.Elements().Single(element => element.Name.LocalName == name).Value;
}
