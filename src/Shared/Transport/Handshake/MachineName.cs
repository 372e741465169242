using System.Security.Cryptography;
using System.Text;

namespace Tunnel.Shared.Transport.Handshake;

/// <summary>Tells whether two processes run on one machine, in whatever containers they are.</summary>
internal static class MachineName
{
    private const string BootId = "/proc/sys/kernel/random/boot_id";

    /// <summary>
    /// A hash of the kernel's boot id (random(4)), the same for all processes of a running kernel and of no use for anything else; null
    /// where there is none. Images of containers often have the same /etc/machine-id, so that one would tell less.
    /// </summary>
    public static string? Own { get; } = Read();

    private static string? Read()
    {
        try
        {
            return Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes("tunnel " + File.ReadAllText(BootId).Trim())))[..16];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
