namespace Tunnel.TestUtilities;

/// <summary>Finds the packages that <c>./tunnel package</c> has made.</summary>
public static class Packages
{
    public const string Hub = "tunnel-hub";
    public const string Edge = "tunnel-edge";

    public static string Folder { get; } = Path.Combine(Documentation.Root, "artifacts/packages");

    public static string Sums => Path.Combine(Folder, "SHA256SUMS");

    public static string Deb(string name) => Only($"{name}_*_amd64.deb");

    public static string Archive(string name) => Only($"{name}-*-linux-x64.tar.gz");

    public static string Image(string name) => Only($"{name}-*-linux-amd64.oci.tar");

    public static string NuGet(string id, string extension) => Only($"{id}.*.{extension}");

    /// <summary>The version of all of them.</summary>
    public static string Version => Path.GetFileName(Image(Hub))[$"{Hub}-".Length..^"-linux-amd64.oci.tar".Length];

    private static string Only(string pattern) =>
        Directory.Exists(Folder) && Directory.GetFiles(Folder, pattern) is [var file]
            ? file
            : throw new FileNotFoundException($"Run ./tunnel package first: there is not one {pattern} in {Folder}.");
}
