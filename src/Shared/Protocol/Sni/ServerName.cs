using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Tunnel.Shared.Protocol.Sni;

/// <summary>Host names as TLS clients send them (RFC 6066 section 3): ASCII, internationalized ones as A-labels.</summary>
public static class ServerName
{
    /// <summary>The most characters of a name.</summary>
    public const int MaxLength = 253;

    private const int MaxLabel = 63;

    // The underscore is in names of services, which clients do send.
    private static readonly SearchValues<char> Characters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>Returns a name in lower case and without a dot at its end; null when no host can have it.</summary>
    public static string? Normalize(ReadOnlySpan<byte> name)
    {
        if (name.Length is 0 or > MaxLength + 1)
            return null;
        // The name is not read as ASCII, which would turn foreign bytes into question marks.
        return Normalize(Encoding.Latin1.GetString(name));
    }

    /// <inheritdoc cref="Normalize(ReadOnlySpan{byte})"/>
    public static string? Normalize(string name)
    {
        var lower = (name.EndsWith('.') ? name[..^1] : name).ToLowerInvariant();
        return IsValid(lower) ? lower : null;
    }

    /// <summary>Whether a name of one or more labels may be asked for; in lower case.</summary>
    public static bool IsValid([NotNullWhen(true)] string? name)
    {
        if (name is not { Length: > 0 and <= MaxLength })
            return false;
        foreach (var label in name.AsSpan().Split('.'))
        {
            var text = name.AsSpan()[label];
            if (text.Length is 0 or > MaxLabel || text.ContainsAnyExcept(Characters))
                return false;
        }

        return true;
    }
}
