using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Files;

namespace Tunnel.Hub.Edges.Secrets;

/// <summary>
/// Where <see cref="SecretMemory"/> is kept: <c>remembered-secrets.json</c> has the hashes, <c>remembered-secrets.key</c> their key. Apart
/// from each other and from <c>edges.json</c>: nobody who gets hold of a copy of the edges, or of the hashes without the key, can guess any
/// faster than by the slow hash.
/// </summary>
internal sealed class SecretMemoryFile(string directory, IStateFiles files)
{
    private const string Name = "remembered-secrets.json";
    private const string KeyName = "remembered-secrets.key";

    private readonly string _keyPath = Path.Combine(directory, KeyName);
    private bool _keyIsSaved;

    /// <summary>Names of both files.</summary>
    public static string[] FileNames => [Name, KeyName];

    public string FilePath { get; } = Path.Combine(directory, Name);

    /// <summary>What was saved; a new key and nothing when it is not there, or damaged.</summary>
    public (byte[] Key, Dictionary<Guid, byte[]> Hashes) Load(ILogger logger)
    {
        try
        {
            if (files.Read(_keyPath) is { Length: SecretHasher.HashBytes } key)
            {
                _keyIsSaved = true;
                return (key, files.Read(FilePath) is { } content ? Parse(content) : []);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            SecretsLog.MemoryNotRead(logger, error, FilePath);
            _keyIsSaved = false;
        }

        return (RandomNumberGenerator.GetBytes(SecretHasher.HashBytes), []);
    }

    /// <summary>Writes it. Blocks: to be called on the pool.</summary>
    /// <exception cref="IOException">It could not be written; what was there stays.</exception>
    public void Save(byte[] key, Dictionary<Guid, byte[]> hashes)
    {
        files.MakeDirectory(directory);
        if (!_keyIsSaved)
            files.Replace(_keyPath, key);
        _keyIsSaved = true;
        files.Replace(
            FilePath,
            JsonSerializer.SerializeToUtf8Bytes(new SecretMemoryDocument { Secrets = hashes }, SecretJson.Default.SecretMemoryDocument));
    }

    private static Dictionary<Guid, byte[]> Parse(byte[] content)
    {
        var document = JsonSerializer.Deserialize(content, SecretJson.Default.SecretMemoryDocument)
            ?? throw new JsonException("it is empty");
        if (document.Secrets.Values.Any(static hash => hash is not { Length: SecretHasher.HashBytes }))
            throw new JsonException("a hash is cut short");
        return document.Secrets;
    }
}

/// <summary>What <c>remembered-secrets.json</c> holds.</summary>
internal sealed record SecretMemoryDocument
{
    /// <summary>By the secret's id: its keyed hash.</summary>
    public required Dictionary<Guid, byte[]> Secrets { get; init; }
}
