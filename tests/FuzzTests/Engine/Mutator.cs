using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Tunnel.FuzzTests.Engine;

/// <summary>
/// Makes inputs: takes one that is known, or random bytes, and changes it in one to eight places. What it makes follows from the seed, the
/// inputs that it started with and those that were kept since.
/// </summary>
internal sealed class Mutator
{
    private const int MaxKept = 256;

    private static readonly byte[] Bytes = [
        0, 1, 0x7F, 0x80, 0xFF, (byte)'0', (byte)'9', (byte)' ', (byte)'\r', (byte)'\n', (byte)'"', (byte)'\\'];
    private static readonly byte[][] JsonValues =
    [
        .. new[]
        {
            "null", "true", "false", "0", "-1", "1", "443", "65535", "65536", "1.5", "1e3", "2147483648", "9223372036854775808", "\"\"",
            "\"x\"", "\"\\ud800\"", "\"\\u0000\"", "\"é\"",
            "\"192.0.2.7\"", "\"::/0\"", "[]", "{}", "[[]]", "[null]", "{\"\":{}}",
        }.Select(Encoding.UTF8.GetBytes),
    ];

    private static readonly uint[] Numbers = [
        0, 1, 2, 3, 4, 8, 16, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, uint.MaxValue];

    private readonly byte[][] _known;
    private readonly List<byte[]> _kept = [];
    private readonly byte[][] _tokens;
    private readonly byte[] _buffer;
    private FuzzRandom _random;
    private int _length;

    public Mutator(ulong seed, IEnumerable<byte[]> known, IEnumerable<byte[]> tokens, int maxLength)
    {
        _random = new FuzzRandom(seed);
        _buffer = new byte[maxLength];
        _known = [.. known.Where(input => input.Length <= maxLength)];
        _tokens = [.. tokens.Where(static token => token.Length > 0)];
    }

    /// <summary>Returns the next input, which the one after it overwrites.</summary>
    public ReadOnlySpan<byte> Next()
    {
        Begin();
        var changes = 1 + Math.Min(BitOperations.TrailingZeroCount(_random.Next()), 7);
        for (var i = 0; i < changes; i++)
            Change();
        return _buffer.AsSpan(0, _length);
    }

    /// <summary>Mutates this input further now and then, since it was taken for valid.</summary>
    public void Keep(ReadOnlySpan<byte> input)
    {
        if (!_random.OneIn(16))
            return;
        if (_kept.Count < MaxKept)
            _kept.Add(input.ToArray());
        else if (_random.OneIn(8))
            _kept[_random.Below(MaxKept)] = input.ToArray();
    }

    private void Begin()
    {
        if (_known.Length == 0 || _random.OneIn(64))
        {
            _length = _random.Below(Math.Min(_buffer.Length, 64) + 1);
            for (var i = 0; i < _length; i++)
                _buffer[i] = (byte)_random.Next();
            return;
        }

        var input = Pick();
        input.CopyTo(_buffer, 0);
        _length = input.Length;
    }

    private byte[] Pick() => _kept.Count > 0 && _random.OneIn(3) ? _kept[_random.Below(_kept.Count)] : _known[_random.Below(_known.Length)];

    private void Change()
    {
        if (_length > 2 && _buffer[0] is (byte)'{' or (byte)'[' && _random.OneIn(2))
        {
            ChangeJson();
            return;
        }

        switch (_random.Below(12))
        {
            case 0 or 1 when _length > 0:
                _buffer[_random.Below(_length)] ^= (byte)(1 << _random.Below(8));
                break;
            case 2 when _length > 0:
                _buffer[_random.Below(_length)] = Bytes[_random.Below(Bytes.Length)];
                break;
            case 3:
                Insert([(byte)_random.Next()]);
                break;
            case 4 when _length > 0:
                var (at, count) = Piece();
                Delete(at, count);
                break;
            case 5 when _length > 0:
                // Writes a member twice, or at another place.
                (at, count) = Piece();
                Span<byte> piece = stackalloc byte[64];
                count = Math.Min(count, piece.Length);
                _buffer.AsSpan(at, count).CopyTo(piece);
                Insert(piece[..count]);
                break;
            case 6 or 7:
                ChangeNumber();
                break;
            case 8 when _length > 0:
                _length = _random.Below(_length);
                break;
            case 9 when _known.Length > 0:
                Splice(Pick());
                break;
            default:
                UseToken();
                break;
        }
    }

    // Changes a name, a value or a member as a whole, so that the text stays JSON more often than not and its reader comes to see it.
    private void ChangeJson()
    {
        var start = _random.Below(_length);
        var opening = _buffer.AsSpan(start, _length - start).IndexOfAny(",:[{"u8);
        if (opening < 0)
            return;
        start += opening + 1;
        var count = JsonLength(start, isMember: _random.OneIn(2));
        switch (_random.Below(5))
        {
            case 0:
                Span<byte> twice = stackalloc byte[128];
                if (count >= twice.Length)
                    return;
                _buffer.AsSpan(start, count).CopyTo(twice);
                twice[count] = (byte)',';
                InsertAt(start, twice[..(count + 1)]);
                break;
            case 1:
                Delete(start, start + count < _length && _buffer[start + count] == (byte)',' ? count + 1 : count);
                break;
            case 2 when _tokens.Length > 0:
                Delete(start, count);
                InsertAt(start, _tokens[_random.Below(_tokens.Length)]);
                break;
            default:
                Delete(start, count);
                InsertAt(start, JsonValues[_random.Below(JsonValues.Length)]);
                break;
        }
    }

    private int JsonLength(int start, bool isMember)
    {
        var (quoted, depth) = (false, 0);
        for (var end = start; end < _length; end++)
        {
            var letter = _buffer[end];
            if (letter == (byte)'"')
                quoted = !quoted;
            if (quoted)
                continue;
            if (letter is (byte)'[' or (byte)'{')
                depth++;
            else if (letter is (byte)']' or (byte)'}' && depth-- == 0)
                return end - start;
            else if (depth == 0 && (letter == (byte)',' || (letter == (byte)':' && !isMember)))
                return end - start;
        }

        return _length - start;
    }

    // Changes numbers such as lengths, counts and ids at any place, in either byte order.
    private void ChangeNumber()
    {
        var size = 1 << _random.Below(3);
        if (_length < size)
            return;
        var field = _buffer.AsSpan(_random.Below(_length - size + 1), size);
        var big = _random.OneIn(2);
        var before = size switch
        {
            1 => field[0],
            2 => big ? BinaryPrimitives.ReadUInt16BigEndian(field) : BinaryPrimitives.ReadUInt16LittleEndian(field),
            _ => big ? BinaryPrimitives.ReadUInt32BigEndian(field) : BinaryPrimitives.ReadUInt32LittleEndian(field),
        };
        var after = _random.Below(4) switch
        {
            0 => Numbers[_random.Below(Numbers.Length)],
            1 => (uint)_length,
            2 => before + (uint)_random.Below(35),
            _ => before - (uint)_random.Below(35),
        };
        if (size == 1)
            field[0] = (byte)after;
        else if (size == 2 && big)
            BinaryPrimitives.WriteUInt16BigEndian(field, (ushort)after);
        else if (size == 2)
            BinaryPrimitives.WriteUInt16LittleEndian(field, (ushort)after);
        else if (big)
            BinaryPrimitives.WriteUInt32BigEndian(field, after);
        else
            BinaryPrimitives.WriteUInt32LittleEndian(field, after);
    }

    private void Splice(byte[] other)
    {
        if (other.Length == 0)
            return;
        var cut = _random.Below(_length + 1);
        var from = _random.Below(other.Length);
        var count = Math.Min(other.Length - from, _buffer.Length - cut);
        other.AsSpan(from, count).CopyTo(_buffer.AsSpan(cut));
        _length = cut + count;
    }

    private void UseToken()
    {
        if (_tokens.Length == 0)
            return;
        var token = _tokens[_random.Below(_tokens.Length)];
        if (_random.OneIn(2))
        {
            Insert(token);
            return;
        }

        var at = _random.Below(_length + 1);
        var count = Math.Min(token.Length, _buffer.Length - at);
        token.AsSpan(0, count).CopyTo(_buffer.AsSpan(at));
        _length = Math.Max(_length, at + count);
    }

    private (int At, int Count) Piece()
    {
        var at = _random.Below(_length);
        return (at, 1 + _random.Below(Math.Min(_length - at, 32)));
    }

    private void Insert(scoped ReadOnlySpan<byte> bytes)
    {
        InsertAt(_random.Below(_length + 1), bytes);
    }

    private void InsertAt(int at, scoped ReadOnlySpan<byte> bytes)
    {
        if (_length + bytes.Length > _buffer.Length)
            return;
        _buffer.AsSpan(at, _length - at).CopyTo(_buffer.AsSpan(at + bytes.Length));
        bytes.CopyTo(_buffer.AsSpan(at));
        _length += bytes.Length;
    }

    private void Delete(int at, int count)
    {
        _buffer.AsSpan(at + count, _length - at - count).CopyTo(_buffer.AsSpan(at));
        _length -= count;
    }
}
