using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>
/// Reads the members of a hostile peer's JSON one by one, so that every list is capped before it grows and every error names
/// member and value. Throws <see cref="FormatException"/> (ours), <see cref="JsonException"/> or
/// <see cref="InvalidOperationException"/> (text that is no Unicode); <see cref="MessageParser"/> turns them into a text.
/// </summary>
/// <remarks>Unknown members are skipped, and null is the same as a missing member (protocol.md section 2.3).</remarks>
internal ref struct MessageReader
{
    /// <summary>Levels of nesting; the deepest known message needs four.</summary>
    public const int MaxDepth = 32;

    private const int MaxQuoted = 40;

    // An escaped character takes at most six bytes, so a longer text can't be within its limit.
    private const int BytesPerEscapedChar = 6;

    private readonly bool _showValues;
    private Utf8JsonReader _json;

    /// <param name="utf8Json">The whole message.</param>
    /// <param name="showValues">False if values may be secret: then errors name only the member.</param>
    public MessageReader(ReadOnlySpan<byte> utf8Json, bool showValues)
    {
        _showValues = showValues;
        _json = new Utf8JsonReader(utf8Json, new JsonReaderOptions { MaxDepth = MaxDepth });
    }

    /// <summary>Steps into the object that is the message.</summary>
    public void BeginMessage()
    {
        _json.Read();
        if (_json.TokenType != JsonTokenType.StartObject)
            throw new FormatException($"{Value()} is not a JSON object");
    }

    /// <summary>Refuses anything after the message's end.</summary>
    public void EndMessage() => _json.Read();

    /// <summary>Whether the present value is an object, whose members <see cref="NextMember"/> reads.</summary>
    public readonly bool IsObject => _json.TokenType == JsonTokenType.StartObject;

    /// <summary>Whether the present value is a string.</summary>
    public readonly bool IsString => _json.TokenType == JsonTokenType.String;

    /// <summary>Skips the present value.</summary>
    public void Skip() => _json.Skip();

    /// <summary>Moves to the value of the object's next known member that is not null; false at the object's end.</summary>
    public bool NextMember(MessageMembers members, ref uint seen, [NotNullWhen(true)] out string? member)
    {
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            member = members.Match(ref _json, out var index);
            _json.Read();
            if (member is null)
            {
                _json.Skip();
                continue;
            }

            if ((seen & (1u << index)) != 0)
                throw new FormatException($"{members.PathOf(member)}: given twice");
            seen |= 1u << index;
            if (_json.TokenType != JsonTokenType.Null)
                return true;
        }

        member = null;
        return false;
    }

    /// <summary>Moves to the value of the object's next entry that is not null, where names are data; false at the object's end.</summary>
    /// <remarks>If several entries have one name, the last one counts.</remarks>
    public bool NextEntry(string member, int maxChars, [NotNullWhen(true)] out string? name)
    {
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (_json.ValueSpan.Length > maxChars * BytesPerEscapedChar)
                throw new FormatException($"{member}: a name is longer than {maxChars} characters");
            name = _json.GetString()!;
            _json.Read();
            if (_json.TokenType != JsonTokenType.Null)
                return true;
        }

        name = null;
        return false;
    }

    /// <summary>Reads the present value, which must be true or false.</summary>
    public readonly bool Boolean(string member) => _json.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw new FormatException($"{member}: {Value()} is not true or false"),
    };

    /// <summary>Reads the present value, which must be an integer within the limits.</summary>
    public long Number(string member, long min, long max)
    {
        if (_json.TokenType != JsonTokenType.Number || !_json.TryGetInt64(out var value) || value < min || value > max)
            throw new FormatException($"{member}: {Value()} is not an integer from {min} to {max}");
        return value;
    }

    /// <summary>Reads the present value, which must be a string of at most <paramref name="maxChars"/> UTF-16 characters.</summary>
    public string Text(string member, int maxChars)
    {
        if (_json.TokenType != JsonTokenType.String)
            throw new FormatException($"{member}: {Value()} is not a string");
        if (_json.ValueSpan.Length > maxChars * BytesPerEscapedChar || _json.GetString() is not { } text || text.Length > maxChars)
            throw new FormatException($"{member}: {Value()} is longer than {maxChars} characters");
        return text;
    }

    /// <summary>Reads a string as <see cref="Text"/> does, but no error quotes it.</summary>
    public string SecretText(string member, int maxChars)
    {
        if (
            _json.TokenType != JsonTokenType.String || _json.ValueSpan.Length > maxChars * BytesPerEscapedChar
            || _json.GetString() is not { } text || text.Length > maxChars)
        {
            throw new FormatException($"{member}: the value is not a string of at most {maxChars} characters");
        }

        return text;
    }

    /// <summary>Reads the present value, which must be an array of strings.</summary>
    public ImmutableArray<string> Texts(string member, int maxCount, int maxChars)
    {
        var texts = ImmutableArray.CreateBuilder<string>();
        BeginArray(member);
        while (NextItem(member, texts.Count, maxCount))
            texts.Add(Text(member, maxChars));
        return texts.DrainToImmutable();
    }

    /// <summary>Reads the present value, which must be an array of distinct ports.</summary>
    public ImmutableArray<int> Ports(string member)
    {
        const int bitsPerWord = 64;
        Span<ulong> seen = stackalloc ulong[(Port.Max + 1) / bitsPerWord];
        seen.Clear();
        var ports = ImmutableArray.CreateBuilder<int>();
        BeginArray(member);
        while (NextItem(member, ports.Count, Port.Max))
        {
            var port = (int)Number(member, Port.Min, Port.Max);
            var bit = 1UL << (port % bitsPerWord);
            if ((seen[port / bitsPerWord] & bit) != 0)
                throw new FormatException($"{member}: {port} is there twice");
            seen[port / bitsPerWord] |= bit;
            ports.Add(port);
        }

        return ports.DrainToImmutable();
    }

    /// <summary>Copies the present value, which must be an object.</summary>
    public JsonElement Object(string member)
    {
        if (!IsObject)
            throw new FormatException($"{member}: {Value()} is not an object");
        return JsonElement.ParseValue(ref _json);
    }

    /// <summary>Steps into the present value, which must be an array.</summary>
    public readonly void BeginArray(string member)
    {
        if (_json.TokenType != JsonTokenType.StartArray)
            throw new FormatException($"{member}: {Value()} is not a list");
    }

    /// <summary>Moves to the array's next item; false at its end.</summary>
    public bool NextItem(string member, int count, int maxCount)
    {
        if (!_json.Read() || _json.TokenType == JsonTokenType.EndArray)
            return false;
        if (count == maxCount)
            throw new FormatException($"{member}: more than {maxCount} entries");
        return true;
    }

    /// <summary>The present value for an error text: short and on one line, whatever the peer sent, since it ends up in logs.</summary>
    public readonly string Value() => _json.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.Null => "null",
        _ when !_showValues => "the value",
        JsonTokenType.String => $"\"{Printable(_json.ValueSpan)}\"",
        _ => Printable(_json.ValueSpan),
    };

    private static string Printable(ReadOnlySpan<byte> raw)
    {
        var text = new StringBuilder(MaxQuoted + 1);
        foreach (var b in raw[..Math.Min(raw.Length, MaxQuoted)])
            text.Append(b is >= 0x20 and < 0x7F ? (char)b : '?');
        return raw.Length > MaxQuoted ? text.Append(CultureInfo.InvariantCulture, $"… ({raw.Length} bytes)").ToString() : text.ToString();
    }
}
