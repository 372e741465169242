using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Tunnel.Shared.Protocol.Handshake;

/// <summary>The edge's first line, <c>EDGE &lt;edgeId&gt; &lt;secret&gt;\n</c> (protocol.md section 2.2).</summary>
public static class EdgeLine
{
    /// <summary>The most bytes of the line with its newline; a peer that sends more without a newline is malformed.</summary>
    public const int MaxLength = 1024;

    /// <summary>The most characters of an edge id.</summary>
    public const int MaxEdgeIdLength = 64;

    /// <summary>The most characters of a secret.</summary>
    public const int MaxSecretLength = 256;

    /// <summary>The fewest characters of a secret for a new edge; a base peer's may be shorter.</summary>
    public const int MinNewSecretLength = 16;

    private static readonly SearchValues<char> EdgeIdCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    private static ReadOnlySpan<byte> Keyword => "EDGE "u8;

    /// <summary>Whether this is an edge id: 1–64 characters of <c>[A-Za-z0-9._-]</c>.</summary>
    public static bool IsValidEdgeId([NotNullWhen(true)] string? id) =>
        id is { Length: > 0 and <= MaxEdgeIdLength } && !id.AsSpan().ContainsAnyExcept(EdgeIdCharacters);

    /// <summary>
    /// Whether a new edge may have this id. <c>.</c> and <c>..</c> are valid on the wire, but not here, because they are folded away in a
    /// URL's path.
    /// </summary>
    public static bool IsValidNewEdgeId([NotNullWhen(true)] string? id) => IsValidEdgeId(id) && id is not ("." or "..");

    /// <summary>Whether this is a secret: 1–256 printable ASCII characters without spaces.</summary>
    public static bool IsValidSecret([NotNullWhen(true)] string? secret) =>
        secret is { Length: > 0 and <= MaxSecretLength } && !secret.AsSpan().ContainsAnyExceptInRange('!', '~');

    /// <summary>Whether this is a valid secret and long enough for a new edge.</summary>
    public static bool IsValidNewSecret([NotNullWhen(true)] string? secret) => IsValidSecret(secret) && secret.Length >= MinNewSecretLength;

    /// <summary>Writes the line with its newline.</summary>
    /// <returns>The bytes written, at most 327.</returns>
    /// <exception cref="ArgumentException">The id or the secret is not valid, or the destination is too short.</exception>
    public static int Write(Span<byte> destination, string id, string secret)
    {
        if (!IsValidEdgeId(id))
            throw new ArgumentException("Not a valid edge id.", nameof(id));
        if (!IsValidSecret(secret))
            throw new ArgumentException("Not a valid secret.", nameof(secret));

        Keyword.CopyTo(destination);
        var length = Keyword.Length;
        length += Encoding.ASCII.GetBytes(id, destination[length..]);
        destination[length++] = (byte)' ';
        length += Encoding.ASCII.GetBytes(secret, destination[length..]);
        destination[length++] = (byte)'\n';
        return length;
    }

    /// <summary>
    /// Reads the line, given without its newline. Accepts any input; the error never quotes it, since it may hold a secret.
    /// </summary>
    public static bool TryParse(
        ReadOnlySpan<byte> line,
        [NotNullWhen(true)] out string? id,
        [NotNullWhen(true)] out string? secret,
        [NotNullWhen(false)] out string? error)
    {
        id = secret = null;
        error = Parse(line, out var idPart, out var secretPart);
        if (error is not null)
            return false;

        // The line is not read as ASCII, which would turn foreign bytes into question marks, and those are valid in a secret.
        id = Encoding.Latin1.GetString(idPart);
        secret = Encoding.Latin1.GetString(secretPart);
        if (!IsValidEdgeId(id))
            error = $"the edge id is not {MaxEdgeIdLength} or fewer of A-Z a-z 0-9 . _ -";
        else if (!IsValidSecret(secret))
            error = $"the secret is not {MaxSecretLength} or fewer printable ASCII characters without spaces";
        if (error is null)
            return true;
        id = secret = null;
        return false;
    }

    private static string? Parse(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> id, out ReadOnlySpan<byte> secret)
    {
        id = secret = default;
        if (line.Length >= MaxLength)
            return $"the line is longer than {MaxLength} bytes";
        if (!line.StartsWith(Keyword))
            return "the line does not begin with \"EDGE \"";

        var rest = line[Keyword.Length..];
        var space = rest.IndexOf((byte)' ');
        if (space < 0)
            return "the line has no secret";

        // Check lengths before making strings, so that a stranger can't make us allocate more than a valid line needs.
        id = rest[..space];
        secret = rest[(space + 1)..];
        if (id.Length > MaxEdgeIdLength)
            return $"the edge id is longer than {MaxEdgeIdLength} characters";
        return secret.Length > MaxSecretLength ? $"the secret is longer than {MaxSecretLength} characters" : null;
    }
}
