using System.Text.Json;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.PackageTests;

/// <summary>An image, unpacked by programs that check each digest of it.</summary>
internal sealed class Image : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tunnel-image-").FullName;
    private JsonDocument? _description;

    private Image()
    {
    }

    /// <summary>Its root file system.</summary>
    public string Root => Path.Combine(_directory, "bundle/rootfs");

    /// <summary>The settings by which it is to be run (config.md of the image specification).</summary>
    public JsonElement Config => _description!.RootElement.GetProperty("config");

    /// <summary>The environment, as NAME=VALUE.</summary>
    public IEnumerable<string> Environment => Config.GetProperty("Env").EnumerateArray().Select(setting => setting.GetString()!);

    public static async Task<Image> UnpackAsync(string name)
    {
        Assert.SkipUnless(System.Environment.IsPrivilegedProcess, "unpacking images needs root");
        var image = new Image();
        try
        {
            var archive = $"oci-archive:{Packages.Image(name)}";
            image._description = JsonDocument.Parse((await RunAsync("skopeo", "inspect", "--config", archive)).StandardOutput);
            await RunAsync("skopeo", "copy", "--insecure-policy", archive, $"oci:{image._directory}/layout:image");
            await RunAsync("umoci", "unpack", "--image", $"{image._directory}/layout:image", $"{image._directory}/bundle");
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _description?.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static async Task<ProgramResult> RunAsync(string program, params string[] arguments) =>
        (await ManagedProcess.RunAsync(program, arguments, limit: TimeSpan.FromMinutes(2))).Succeeded();
}
