using System.Buffers.Text;
using System.Security.Cryptography;

namespace Tunnel.Hub.Edges.Secrets;

/// <summary>Makes the hub's own secrets: 256 random bits, base64url, 43 characters.</summary>
internal static class GeneratedSecret
{
    private const int Bytes = 32;

    public static string Create() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));
}
