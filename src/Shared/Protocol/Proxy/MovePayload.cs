using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>A stream of another tunnel that goes on as the one which is being opened (protocol.md section 8).</summary>
/// <param name="TunnelId">The <c>hub.tunnelId</c> of the other tunnel. Never logged.</param>
/// <param name="StreamId">The stream's number there.</param>
/// <param name="Turn">Grows with each move of the stream, so that one that was long under way is known for an old one.</param>
/// <param name="Point">How far the edge has got; null while the other tunnel lives and brings what is under way.</param>
public sealed record StreamMove(string TunnelId, uint StreamId, uint Turn, StreamPoint? Point)
{
    /// <summary>The number that stands for the lost connection of the tunnel itself, with all of its streams.</summary>
    public const uint Connection = 0;

    /// <summary>
    /// The reason that the edge is told where the hub does not know the stream. A stream whose tunnel lives stays there, since the hub may
    /// yet hear of it.
    /// </summary>
    public ResetReason Refusal => Point is null ? ResetReason.NotOpened : ResetReason.Refused;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"move of stream {StreamId}, turn {Turn}");
}

/// <summary>
/// How far one end of a stream has got whose tunnel was lost. The hub says it before its first data there, as
/// <c>[received: 8][from: 8]</c>.
/// </summary>
/// <param name="Received">The offset before which it has received everything.</param>
/// <param name="From">The offset from which it can send again.</param>
public readonly record struct StreamPoint(long Received, long From)
{
    /// <summary>Its bytes before the hub's first data.</summary>
    public const int Size = 2 * sizeof(long);

    /// <summary>Reads what the hub has said. Accepts any input.</summary>
    /// <param name="answer">At least <see cref="Size"/> bytes.</param>
    public static StreamPoint Read(ReadOnlySpan<byte> answer) =>
        new(BinaryPrimitives.ReadInt64BigEndian(answer), BinaryPrimitives.ReadInt64BigEndian(answer[sizeof(long)..]));

    /// <summary>Returns what the hub says.</summary>
    public byte[] Write()
    {
        var answer = new byte[Size];
        BinaryPrimitives.WriteInt64BigEndian(answer, Received);
        BinaryPrimitives.WriteInt64BigEndian(answer.AsSpan(sizeof(long)), From);
        return answer;
    }
}

/// <summary>
/// The payload of an OPEN that moves a stream: <c>PROXY UNKNOWN\r\nMOVE tunnelId streamId turn received from\r\n</c>, without the last two
/// numbers where the other tunnel lives.
/// </summary>
public static class MovePayload
{
    /// <summary>The most characters of a tunnel's id, so that the payload is never longer than another OPEN's.</summary>
    public const int MaxTunnelId = 32;

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
        length += WriteNumber(move.Turn, buffer[length..]);
        if (move.Point is { } point)
        {
            length += WriteNumber(point.Received, buffer[length..]);
            length += WriteNumber(point.From, buffer[length..]);
        }

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
        if (!TryReadNumber(ref rest, uint.MaxValue, out var stream)
            || !TryReadNumber(ref rest, uint.MaxValue, out var turn))
        {
            return false;
        }

        StreamPoint? point = null;
        if (!rest.IsEmpty)
        {
            if (!TryReadNumber(ref rest, long.MaxValue, out var received)
                || !TryReadNumber(ref rest, long.MaxValue, out var from)
                || !rest.IsEmpty)
            {
                return false;
            }

            point = new StreamPoint(received, from);
        }

        // A connection that lives needs no other.
        if (stream == StreamMove.Connection && point is null)
            return false;

        move = new StreamMove(Encoding.ASCII.GetString(id), (uint)stream, (uint)turn, point);
        return true;
    }

    private static int WriteNumber(long value, Span<byte> buffer)
    {
        buffer[0] = (byte)' ';
        Utf8Formatter.TryFormat(value, buffer[1..], out var written);
        return written + 1;
    }

    // A number is a space and decimal digits, without zeros in front.
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
