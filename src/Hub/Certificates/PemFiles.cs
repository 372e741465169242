using System.Security.Cryptography.X509Certificates;
using Tunnel.Shared.Files;

namespace Tunnel.Hub.Certificates;

/// <summary>Reads PEM, from files and where it was written itself.</summary>
internal static class PemFiles
{
    /// <summary>Reads a file's text, or takes it as it was written.</summary>
    /// <exception cref="IOException">It is no file, or can't be read; the message says why and what to do.</exception>
    public static string Read(PemSource source)
    {
        if (source.Path is not { } path)
            return source.Value;
        if (UnixFile.FaultOfFile(path) is { } fault)
            throw new IOException($"{path} {fault}.");
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path} can't be read: {FileFault.Of(error, path)}.", error);
        }
    }

    /// <summary>Reads the certificates of a text; empty when it has none.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">One of them can't be read.</exception>
    public static X509Certificate2Collection Certificates(string text)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(text);
        return certificates;
    }
}
