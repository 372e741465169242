using System.Globalization;
using System.Text;

namespace Tunnel.Shared.Text;

/// <summary>
/// Writes lines for a terminal. Much of what is shown comes from the other side of a tunnel, and must not control the terminal (ECMA-48),
/// reverse the order of the text (Unicode UAX #9), or look like a line of its own.
/// </summary>
public static class TerminalText
{
    /// <summary>Writes one line, escaped.</summary>
    public static void WriteText(this TextWriter output, string line) => output.WriteLine(Escape(line));

    /// <inheritdoc cref="WriteText"/>
    public static Task WriteTextAsync(this TextWriter output, string line) => output.WriteLineAsync(Escape(line));

    /// <summary>Writes a message and escapes each of its lines.</summary>
    public static Task WriteMessageAsync(this TextWriter output, string lines) => output.WriteLineAsync(EscapeLines(lines));

    /// <summary>Escapes each line of a text.</summary>
    public static string EscapeLines(string lines) =>
        lines.Contains('\n', StringComparison.Ordinal) ? string.Join('\n', lines.Split('\n').Select(Escape)) : Escape(lines);

    /// <summary>
    /// Escapes control and format characters in one line: they are shown as <c>\u001b</c>. Everything else stays as it is.
    /// </summary>
    public static string Escape(string line)
    {
        if (!line.EnumerateRunes().Any(Steers))
            return line;
        var text = new StringBuilder(line.Length + 16);
        foreach (var rune in line.EnumerateRunes())
        {
            if (!Steers(rune))
                text.Append(rune.ToString());
            else if (rune.IsBmp)
                text.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            else
                text.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}");
        }

        return text.ToString();
    }

    /// <summary>Whether a character would control a terminal or reverse the order of text.</summary>
    internal static bool Steers(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
