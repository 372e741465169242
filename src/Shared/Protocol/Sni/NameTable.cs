using System.Collections.Frozen;

namespace Tunnel.Shared.Protocol.Sni;

/// <summary>
/// Finds what belongs to a host name: the entry of the name itself, else the wildcard with the most labels that it ends with.
/// <c>*.example.com</c> is for all names below <c>example.com</c>, and not for that one.
/// </summary>
/// <typeparam name="T">What belongs to a name.</typeparam>
public sealed class NameTable<T>
    where T : class
{
    private const string Wildcard = "*.";
    private readonly FrozenDictionary<string, T> _names;
    private readonly FrozenDictionary<string, T> _suffixes;
    private readonly FrozenDictionary<string, T>.AlternateLookup<ReadOnlySpan<char>> _bySuffix;

    /// <summary>Makes a table. Of equal names the first counts.</summary>
    /// <param name="entries">Names as <see cref="NameTable.IsPattern"/> accepts them, and what belongs to them.</param>
    public NameTable(IEnumerable<KeyValuePair<string, T>> entries)
    {
        var (names, suffixes) = (new Dictionary<string, T>(), new Dictionary<string, T>());
        foreach (var (pattern, value) in entries)
        {
            if (pattern.StartsWith(Wildcard, StringComparison.Ordinal))
                suffixes.TryAdd(pattern[Wildcard.Length..], value);
            else
                names.TryAdd(pattern, value);
        }

        _names = names.ToFrozenDictionary(StringComparer.Ordinal);
        _suffixes = suffixes.ToFrozenDictionary(StringComparer.Ordinal);
        _bySuffix = _suffixes.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Returns what belongs to a name in lower case; null when nothing does.</summary>
    public T? Find(string? name)
    {
        if (name is null)
            return null;
        if (_names.TryGetValue(name, out var own))
            return own;
        for (var at = name.IndexOf('.'); at >= 0 && _suffixes.Count > 0;)
        {
            if (_bySuffix.TryGetValue(name.AsSpan(at + 1), out var value))
                return value;
            var next = name.AsSpan(at + 1).IndexOf('.');
            at = next < 0 ? -1 : at + 1 + next;
        }

        return null;
    }
}

/// <summary>The names that a table may have.</summary>
public static class NameTable
{
    /// <summary>The valid forms, in words.</summary>
    public const string Valid = "a host name such as \"www.example.com\", or \"*.example.com\" for all names below it";

    /// <summary>Whether it is a host name in lower case, or <c>*.</c> before one.</summary>
    public static bool IsPattern(string pattern) =>
        ServerName.IsValid(pattern.StartsWith("*.", StringComparison.Ordinal) ? pattern[2..] : pattern);
}
