using System.Security.Cryptography;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Accepting;

/// <summary>
/// The key of QUIC's stateless resets: 256 random bits, made at the first start and kept in the state directory as a file of mode 0600. A
/// hub that was killed cannot close its connections; with the same key, the next one tells each edge at its first packet that the
/// connection has ended.
/// </summary>
internal static class ResetKey
{
    public const string FileName = "quic-reset-key";
    private const int Size = 32;

    /// <summary>Reads the key, or makes it. A damaged key is replaced, since nobody else has to know it.</summary>
    /// <exception cref="OperatorException">The key can't be read or kept.</exception>
    public static byte[] Load(string stateDir, IStateFiles files)
    {
        var path = Path.Combine(stateDir, FileName);
        try
        {
            files.MakeDirectory(stateDir);
            if (files.Read(path) is { Length: Size } kept)
                return kept;
            var key = RandomNumberGenerator.GetBytes(Size);
            files.Replace(path, key);
            return key;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException(
                $"stateDir '{stateDir}': QUIC's reset key {path} can't be read or kept: {FileFault.Of(error, path)}. Valid: a "
                + "directory that the hub can write.",
                error);
        }
    }
}
