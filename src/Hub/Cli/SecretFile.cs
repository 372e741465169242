using Tunnel.Shared.Files;
using Tunnel.Shared.Protocol.Handshake;

namespace Tunnel.Hub.Cli;

/// <summary>Reads a secret from a file, so that it never appears on a command line.</summary>
internal static class SecretFile
{
    /// <param name="path">The file; <c>-</c> is standard input.</param>
    /// <exception cref="CommandFailedException">The file can't be read or has no secret.</exception>
    public static string Read(string path)
    {
        if (path != "-" && UnixFile.FaultOfFile(path) is { } fault)
            throw CommandFailedException.Usage($"--secret-file {path}: {fault}");
        try
        {
            using var reader = path == "-" ? Console.In : new StreamReader(path);
            var buffer = new char[EdgeLine.MaxLength];
            var line = buffer.AsSpan(0, reader.ReadBlock(buffer)).ToString().Split('\n', 2)[0].TrimEnd('\r');
            return EdgeLine.IsValidNewSecret(line)
                ? line
                : throw CommandFailedException.Usage(
                    $"--secret-file {path}: its first line must be 16–256 printable ASCII characters without spaces");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CommandFailedException.Usage($"--secret-file {path}: can't be read: {FileFault.Of(error, path)}");
        }
    }
}
