using System.Security.Cryptography;
using System.Text;

namespace Tunnel.Hub.Edges.Secrets;

/// <summary>The three hashes; an interface so that a test can count the work.</summary>
internal interface ISecretHasher
{
    /// <summary>For generated secrets: SHA-256 of salt and secret.</summary>
    byte[] HashGenerated(byte[] salt, string secret);

    /// <summary>For chosen secrets; slow on purpose.</summary>
    byte[] HashChosen(byte[] salt, string secret);

    /// <summary>For the memory of chosen secrets that were right: keyed, so worth nothing without <see cref="SecretMemory.Key"/>.</summary>
    byte[] HashRemembered(byte[] salt, string secret);
}

/// <inheritdoc cref="ISecretHasher"/>
internal sealed class SecretHasher(byte[] memoryKey) : ISecretHasher
{
    public const int HashBytes = 32;

    // About 40 ms of one core of 2024. A chosen secret has 16 characters at least and tries are limited, so the hub's own ability to take
    // back a thousand edges after a restart weighs more than another factor here.
    private const int Iterations = 100_000;

    public byte[] HashGenerated(byte[] salt, string secret) => SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(secret)]);

    public byte[] HashChosen(byte[] salt, string secret) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(secret), salt, Iterations, HashAlgorithmName.SHA256, HashBytes);

    public byte[] HashRemembered(byte[] salt, string secret) =>
        HMACSHA256.HashData(memoryKey, (byte[])[.. salt, .. Encoding.UTF8.GetBytes(secret)]);
}
