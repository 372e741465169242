using System.Security.Cryptography;
using System.Text;
using Tunnel.Hub.Edges.Secrets;

namespace Tunnel.Hub.Admin.Access;

/// <summary>
/// Codes with which a browser logs in once, within a minute, so that nobody has to paste the key. Only their hashes are kept. Any thread
/// may use it.
/// </summary>
internal sealed class LoginCodes(TimeProvider time)
{
    /// <summary>How long a code is valid.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    // A caller that may make codes may do everything; but a script that makes them in a loop must not fill the memory.
    internal const int MaxCodes = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (AdminKey Key, DateTimeOffset End)> _codes = new(StringComparer.Ordinal);

    /// <summary>Makes a code; of too many, the oldest ends early.</summary>
    /// <param name="key">The key that the code is exchanged for.</param>
    public string Create(AdminKey key)
    {
        var code = GeneratedSecret.Create();
        lock (_lock)
        {
            RemoveOld();
            if (_codes.Count == MaxCodes)
                _codes.Remove(_codes.MinBy(entry => entry.Value.End).Key);
            _codes.Add(Hash(code), (key, time.GetUtcNow() + Lifetime));
        }

        return code;
    }

    /// <summary>Uses up a code.</summary>
    /// <returns>The key that it stands for; null when the code is unknown, used or too old.</returns>
    public AdminKey? Take(string code)
    {
        lock (_lock)
        {
            RemoveOld();
            return _codes.Remove(Hash(code), out var entry) ? entry.Key : null;
        }
    }

    private void RemoveOld()
    {
        var now = time.GetUtcNow();
        foreach (var hash in _codes.Where(entry => entry.Value.End <= now).Select(entry => entry.Key).ToArray())
            _codes.Remove(hash);
    }

    private static string Hash(string code) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(code)));
}
