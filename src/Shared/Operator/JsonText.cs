using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Tunnel.Shared.Operator;

/// <summary>A fault in a text that should be JSON.</summary>
/// <param name="Path">The place in the document, such as <c>$.edges[2].ports</c>; <c>$</c> where it is not a document.</param>
/// <param name="Problem">What is wrong: "is …". It quotes nothing, since the text may hold secrets.</param>
/// <param name="Line">The line, counted from 1.</param>
/// <param name="Byte">The byte in the line, counted from 1.</param>
public readonly record struct JsonFault(string Path, string Problem, long Line, long Byte)
{
    /// <summary>The place in the text.</summary>
    public string Place => string.Create(CultureInfo.InvariantCulture, $"line {Line}, byte {Byte}");

    /// <inheritdoc/>
    public override string ToString() => Path == "$" ? $"{Problem} at {Place}" : $"{Path} {Problem} at {Place}";
}

/// <summary>
/// Reads JSON that people write. Comments and trailing commas are allowed. A member that is given twice, or text that is not valid, is a
/// fault with its place; the runtime's own reader gives no place for it or finds it too late.
/// </summary>
public static class JsonText
{
    private const int MaxDepth = 32;
    private const int MaxFaults = 20;

    // These limit what costs most with a hostile text: sets of names, and twelve bytes of the document for each value.
    private const int MaxMembers = 10_000;
    private const int MaxTokens = 2_000_000;

    private static readonly JsonReaderOptions ReaderOptions =
        new() { MaxDepth = MaxDepth, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    private static readonly JsonDocumentOptions DocumentOptions =
        new() { MaxDepth = MaxDepth, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <summary>Parses a text, or says what is wrong with it. Accepts any input.</summary>
    /// <param name="text">UTF-8 text, which the document keeps a reference to.</param>
    /// <param name="faults">What is wrong, in order; at most 20.</param>
    /// <param name="ignoreCase">Whether names that differ only in case count as the same.</param>
    /// <returns>The document, or null when there is any fault.</returns>
    public static JsonDocument? Parse(ReadOnlyMemory<byte> text, out ImmutableArray<JsonFault> faults, bool ignoreCase = false)
    {
        faults = Check(text.Span, ignoreCase);
        return faults.IsEmpty ? JsonDocument.Parse(text, DocumentOptions) : null;
    }

    private static ImmutableArray<JsonFault> Check(ReadOnlySpan<byte> text, bool ignoreCase)
    {
        var faults = ImmutableArray.CreateBuilder<JsonFault>();
        var levels = new List<Level>();
        var reader = new Utf8JsonReader(text, ReaderOptions);
        var tokens = 0;
        try
        {
            while (faults.Count < MaxFaults && reader.Read())
            {
                if (++tokens > MaxTokens)
                {
                    faults.Add(Place(text, reader.TokenStartIndex, "$", $"has more than {MaxTokens} values and names"));
                    break;
                }

                if (FaultOf(ref reader, levels, ignoreCase) is { } problem)
                    faults.Add(Place(text, reader.TokenStartIndex, PathOf(levels), problem));
                if (levels.Count > 0 && levels[^1].Members > MaxMembers)
                    break;
            }
        }
        catch (JsonException error)
        {
            faults.Add(new JsonFault("$", "is not valid JSON", (error.LineNumber ?? 0) + 1, (error.BytePositionInLine ?? 0) + 1));
        }

        return faults.ToImmutable();
    }

    private static string? FaultOf(ref Utf8JsonReader reader, List<Level> levels, bool ignoreCase)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                levels.RemoveAt(levels.Count - 1);
                return null;
            case JsonTokenType.PropertyName:
                return IsText(ref reader)
                    ? levels[^1].Add(reader.GetString()!)
                    : "has a name that is not UTF-8, or half of a surrogate pair";
        }

        if (levels.Count > 0)
            levels[^1].Index++;
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            levels.Add(new Level(reader.TokenType == JsonTokenType.StartObject, ignoreCase));
        return reader.TokenType == JsonTokenType.String && !IsText(ref reader)
            ? "is text that is not UTF-8, or has half of a surrogate pair"
            : null;
    }

    private static bool IsText(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
            return Utf8.IsValid(reader.ValueSpan);
        try
        {
            reader.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static JsonFault Place(ReadOnlySpan<byte> text, long index, string path, string problem)
    {
        var before = text[..(int)index];
        return new JsonFault(path, problem, before.Count((byte)'\n') + 1, before.Length - before.LastIndexOf((byte)'\n'));
    }

    private static string PathOf(List<Level> levels)
    {
        var path = new StringBuilder("$");
        foreach (var level in levels)
            level.AppendTo(path);
        return path.ToString();
    }

    private sealed class Level(bool isObject, bool ignoreCase)
    {
        private const int MaxName = 40;
        private readonly HashSet<string>? _names = isObject
            ? new(ignoreCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal)
            : null;
        private string? _name;

        /// <summary>The index in an array of the item that is being read.</summary>
        public int Index { get; set; } = -1;

        public int Members => _names?.Count ?? 0;

        public string? Add(string name)
        {
            _name = name;
            return !_names!.Add(name) ? "is given twice; keep one of the two"
                : _names.Count > MaxMembers ? string.Create(
                    CultureInfo.InvariantCulture, $"is one of more than {MaxMembers} members of an object")
                : null;
        }

        public void AppendTo(StringBuilder path)
        {
            if (_names is null && Index >= 0)
                path.Append(CultureInfo.InvariantCulture, $"[{Index}]");
            else if (_name is { Length: > 0 and <= MaxName } && _name.All(char.IsAsciiLetterOrDigit))
                path.Append('.').Append(_name);
            else if (_name is not null)
                path.Append("['").Append(JsonEncodedText.Encode(_name.Length > MaxName ? $"{_name[..MaxName]}…" : _name)).Append("']");
        }
    }
}
