using System.Security.Cryptography;
using System.Text;
using Tunnel.Hub.Edges.Secrets;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Admin.Access;

/// <summary>
/// A key of the admin API for access over the network: 256 random bits, made at the first start and kept in the state directory as a file
/// of mode 0600. It is never logged.
/// </summary>
internal sealed class AdminKey
{
    private readonly Lock _rotation = new();
    private readonly string _directory;
    private readonly string _fileName;
    private readonly IStateFiles _files;
    private volatile Generation _current;

    private AdminKey(string directory, string fileName, IStateFiles files, string key)
    {
        _directory = directory;
        _fileName = fileName;
        _files = files;
        _current = new Generation(key);
    }

    /// <summary>The key itself, to be shown to its owner.</summary>
    public string Value => _current.Value;

    /// <summary>Reads the key, or makes it.</summary>
    /// <exception cref="OperatorException">The key can't be read or kept.</exception>
    public static AdminKey Load(string stateDir, string fileName, IStateFiles files)
    {
        var path = Path.Combine(stateDir, fileName);
        try
        {
            files.MakeDirectory(stateDir);
            if (files.Read(path) is { } content)
                return new AdminKey(stateDir, fileName, files, Check(Encoding.UTF8.GetString(content).Trim(), path));
            var key = new AdminKey(stateDir, fileName, files, GeneratedSecret.Create());
            key.Save(key.Value);
            return key;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"The admin API's key {path} can't be read or kept: {FileFault.Of(error, path)}.", error);
        }
    }

    /// <summary>Compares a presented key with this one in constant time.</summary>
    /// <param name="presented">The key that a request brings.</param>
    /// <param name="revoked">Fires when the key that matched is replaced.</param>
    public bool Matches(string presented, out CancellationToken revoked)
    {
        var current = _current;
        revoked = current.Revoked.Token;
        return CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(presented)), current.Hash);
    }

    /// <summary>Makes a new key; the old one is invalid at once, and requests that still run under it end.</summary>
    /// <exception cref="OperatorException">The new key can't be kept; the old one stays valid.</exception>
    public string Rotate()
    {
        Generation old;
        lock (_rotation)
        {
            var next = new Generation(GeneratedSecret.Create());
            try
            {
                Save(next.Value);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new OperatorException($"The new key could not be kept in {_directory}, so the old one stays: {error.Message}", error);
            }

            (old, _current) = (_current, next);
        }

        old.Revoked.Cancel();
        return Value;
    }

    private static string Check(string key, string path) =>
        key.Length >= 32
            ? key
            : throw new OperatorException(
                $"The admin API's key {path} is damaged: it has {key.Length} characters. Remove the file, and the hub makes another key.");

    private void Save(string key) => _files.Replace(Path.Combine(_directory, _fileName), Encoding.UTF8.GetBytes(key + "\n"));

    private sealed class Generation(string value)
    {
        public string Value { get; } = value;

        // Hashes have the same length whatever is presented.
        public byte[] Hash { get; } = SHA256.HashData(Encoding.UTF8.GetBytes(value));

        public CancellationTokenSource Revoked { get; } = new();
    }
}
