using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>A stream of another tunnel that goes on as the one which is being opened (protocol.md section 8).</summary>
/// <param name="TunnelId">The <c>hub.tunnelId</c> of the other tunnel.</param>
/// <param name="StreamId">The stream's number there.</param>
/// <param name="Received">The offset before which the edge has received everything.</param>
/// <param name="From">The offset from which the edge can send again.</param>
public sealed record StreamMove(string TunnelId, uint StreamId, long Received, long From);

/// <summary>
/// The payload of an OPEN that moves a stream: <c>PROXY UNKNOWN\r\nMOVE tunnelId streamId received from\r\n</c>.
/// </summary>
public static class MovePayload
{
    /// <summary>The most characters of a tunnel's id, so that the payload is never longer than another OPEN's.</summary>
    public const int MaxTunnelId = 40;

    private static ReadOnlySpan<byte> Beginning => "PROXY UNKNOWN\r\nMOVE "u8;

    private static ReadOnlySpan<byte> LineEnd => "\r\n"u8;

    /// <summary>Writes the payload.</summary>
    /// <param name="buffer">The destination; <see cref="OpenPayload.MaxLength"/> bytes are always enough.</param>
    /// <param name="move">The stream; its tunnel's id has at most <see cref="MaxTunnelId"/> characters.</param>
    /// <returns>The bytes written.</returns>
    public static int Write(Span<byte> buffer, StreamMove move)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(move.TunnelId.Length, MaxTunnelId, nameof(move));
        Beginning.CopyTo(buffer);
        var length = Beginning.Length;
        length += Encoding.ASCII.GetBytes(move.TunnelId, buffer[length..]);
        length += WriteNumber(move.StreamId, buffer[length..]);
        length += WriteNumber(move.Received, buffer[length..]);
        length += WriteNumber(move.From, buffer[length..]);
        LineEnd.CopyTo(buffer[length..]);
        return length + LineEnd.Length;
    }

    /// <summary>Whether a payload means to move a stream, well-formed or not.</summary>
    public static bool Is(ReadOnlySpan<byte> payload) => payload.StartsWith(Beginning);

    /// <summary>Reads a whole payload; anything after it is an error. Accepts any input.</summary>
    public static bool TryParse(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out StreamMove? move)
    {
        move = null;
        if (!Is(payload) || !payload.EndsWith(LineEnd))
            return false;
        var rest = payload[Beginning.Length..^LineEnd.Length];
        var end = rest.IndexOf((byte)' ');
        if (end is < 1 or > MaxTunnelId || rest[..end].ContainsAnyExceptInRange((byte)'!', (byte)'~'))
            return false;
        var id = rest[..end];
        rest = rest[end..];
        if (!TryReadNumber(ref rest, uint.MaxValue, out var stream) || stream == 0
            || !TryReadNumber(ref rest, long.MaxValue, out var received)
            || !TryReadNumber(ref rest, long.MaxValue, out var from)
            || !rest.IsEmpty)
            return false;
        move = new StreamMove(Encoding.ASCII.GetString(id), (uint)stream, received, from);
        return true;
    }

    private static int WriteNumber(long value, Span<byte> buffer)
    {
        buffer[0] = (byte)' ';
        Utf8Formatter.TryFormat(value, buffer[1..], out var written);
        return written + 1;
    }

    // A space and decimal digits, without zeros in front.
    private static bool TryReadNumber(ref ReadOnlySpan<byte> text, long most, out long value)
    {
        value = 0;
        if (text.Length < 2 || text[0] != ' ' || !char.IsAsciiDigit((char)text[1]) || (text[1] == '0' && text.Length > 2 && text[2] != ' '))
            return false;
        if (!Utf8Parser.TryParse(text[1..], out value, out var used) || value > most)
            return false;
        text = text[(1 + used)..];
        return true;
    }
}
