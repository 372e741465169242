using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Files;

namespace Tunnel.Hub.Edges.Secrets;

/// <summary>
/// The files of <see cref="SecretMemory"/>: <c>remembered-secrets.json</c> has the hashes, <c>remembered-secrets.key</c> their key. They
/// are apart from each other and from <c>edges.json</c>, so that nobody who gets a copy of the edges, or of the hashes without the key,
/// can guess faster than by the slow hash.
/// </summary>
internal sealed class SecretMemoryFile(string directory, IStateFiles files)
{
    private const string Name = "remembered-secrets.json";
    private const string KeyName = "remembered-secrets.key";

    private readonly string _keyPath = Path.Combine(directory, KeyName);
    private bool _keyIsSaved;

    /// <summary>The names of both files.</summary>
    public static string[] FileNames => [Name, KeyName];

    public string FilePath { get; } = Path.Combine(directory, Name);

    /// <summary>Reads what was saved; returns a new key and no hashes when it is missing or damaged.</summary>
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

    /// <summary>Writes the key and the hashes. It waits for the disk, so call it on the thread pool.</summary>
    /// <exception cref="IOException">They could not be written; the old ones stay.</exception>
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

/// <summary>The content of <c>remembered-secrets.json</c>.</summary>
internal sealed record SecretMemoryDocument
{
    /// <summary>The keyed hashes by the ids of their secrets.</summary>
    public required Dictionary<Guid, byte[]> Secrets { get; init; }
}
