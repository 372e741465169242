using System.Security.Cryptography;
using System.Text;

namespace Tunnel.Hub.Edges.Secrets;

/// <summary>The three hashes; an interface so that a test can count the work.</summary>
internal interface ISecretHasher
{
    /// <summary>Hashes a generated secret: SHA-256 of salt and secret.</summary>
    byte[] HashGenerated(byte[] salt, string secret);

    /// <summary>Hashes a chosen secret; slow on purpose.</summary>
    byte[] HashChosen(byte[] salt, string secret);

    /// <summary>
    /// Hashes a correct chosen secret for the memory; keyed, so the hash is useless without <see cref="SecretMemory.Key"/>.
    /// </summary>
    byte[] HashRemembered(byte[] salt, string secret);
}

/// <inheritdoc cref="ISecretHasher"/>
internal sealed class SecretHasher(byte[] memoryKey) : ISecretHasher
{
    public const int HashBytes = 32;

    // This takes about 40 ms of one core of 2024. A chosen secret has at least 16 characters and tries are limited, so it matters more
    // that the hub can take back a thousand edges after a restart than that this factor is higher.
    private const int Iterations = 100_000;

    public byte[] HashGenerated(byte[] salt, string secret) => SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(secret)]);

    public byte[] HashChosen(byte[] salt, string secret) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(secret), salt, Iterations, HashAlgorithmName.SHA256, HashBytes);

    public byte[] HashRemembered(byte[] salt, string secret) =>
        HMACSHA256.HashData(memoryKey, (byte[])[.. salt, .. Encoding.UTF8.GetBytes(secret)]);
}
