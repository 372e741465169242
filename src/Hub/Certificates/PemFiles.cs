using System.Security.Cryptography.X509Certificates;
using Tunnel.Shared.Files;

namespace Tunnel.Hub.Certificates;

/// <summary>Reads certificates from PEM files.</summary>
internal static class PemFiles
{
    /// <summary>Reads a file's text.</summary>
    /// <exception cref="IOException">It is no file, or can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    public static string Read(string path) =>
        UnixFile.FaultOfFile(path) is { } fault ? throw new IOException($"{path} {fault}.") : File.ReadAllText(path);

    /// <summary>Reads the certificates of a text; empty when it has none.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">One of them can't be read.</exception>
    public static X509Certificate2Collection Certificates(string text)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(text);
        return certificates;
    }
}
