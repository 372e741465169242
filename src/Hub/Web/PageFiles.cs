using System.Collections.Frozen;
using System.Security.Cryptography;

namespace Tunnel.Hub.Web;

/// <summary>The files of the web page, which are part of the program.</summary>
internal static class PageFiles
{
    // The files have these names in the assembly: see Tunnel.Hub.csproj.
    private const string Prefix = "page/";

    private static readonly FrozenDictionary<string, string> ContentTypes = new Dictionary<string, string>
    {
        [".html"] = "text/html; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".svg"] = "image/svg+xml",
    }.ToFrozenDictionary();

    /// <summary>All files by name.</summary>
    public static FrozenDictionary<string, PageFile> All { get; } = Load().ToFrozenDictionary(file => file.Name, StringComparer.Ordinal);

    private static IEnumerable<PageFile> Load()
    {
        var assembly = typeof(PageFiles).Assembly;
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(resource)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            var name = resource[Prefix.Length..];
            yield return new PageFile(
                name, ContentTypes[Path.GetExtension(name)], $"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..32]}\"", content);
        }
    }
}

/// <summary>One file of the page.</summary>
/// <param name="Name">Its name in the page's addresses.</param>
/// <param name="ContentType">Its type for HTTP.</param>
/// <param name="Tag">Its entity tag, which changes with its content.</param>
/// <param name="Content">Its bytes.</param>
internal sealed record PageFile(string Name, string ContentType, string Tag, byte[] Content);
