using System.Text;
using Tunnel.Shared.Text;

namespace Tunnel.Shared.Dashboard;

/// <summary>
/// One line of the screen, made of pieces of text. Whatever a piece holds, it takes the width that it is given and can't steer the terminal
/// (<see cref="TerminalText"/>).
/// </summary>
public sealed class Row
{
    private const string Usual = "\e[0m";

    private readonly List<(string Text, Ink Ink)> _pieces = [];

    /// <summary>Whether the line is chosen, which is shown by swapping its colours.</summary>
    public bool IsChosen { get; init; }

    /// <summary>The columns that the line takes.</summary>
    public int Width { get; private set; }

    /// <summary>Adds a piece of text.</summary>
    public Row Add(string text, Ink ink = Ink.Plain)
    {
        var safe = TerminalText.Escape(text);
        _pieces.Add((safe, ink));
        Width += TextWidth.Of(safe);
        return this;
    }

    /// <summary>Adds a piece of text that takes a number of columns: it is cut with an ellipsis, or filled up with spaces.</summary>
    public Row Add(string text, int width, Ink ink = Ink.Plain, bool toRight = false)
    {
        if (width <= 0)
            return this;
        var cut = TextWidth.Cut(TerminalText.Escape(text), width);
        var space = new string(' ', width - TextWidth.Of(cut));
        _pieces.Add((toRight ? space + cut : cut + space, ink));
        Width += width;
        return this;
    }

    /// <summary>Fills the line up to a column.</summary>
    public Row To(int column) => Add("", column - Width);

    /// <summary>The line as it is written to a terminal.</summary>
    /// <param name="width">The terminal's width; what does not fit is cut off.</param>
    /// <param name="colours">Whether colours and other attributes are wanted.</param>
    public string Draw(int width, bool colours)
    {
        var line = new StringBuilder();
        var left = width;
        foreach (var (text, ink) in IsChosen ? Filled(width) : _pieces)
        {
            if (left <= 0)
                break;
            var cut = Width > width ? TextWidth.Cut(text, left) : text;
            left -= TextWidth.Of(cut);
            line.Append(colours ? Paint(cut, ink) : cut);
        }

        // Without attributes the chosen line has a mark, in the column that every list leaves free.
        return !colours && IsChosen && line.Length > 0 && line[0] == ' ' ? $">{line.ToString(1, line.Length - 1)}" : line.ToString();
    }

    private IEnumerable<(string Text, Ink Ink)> Filled(int width) =>
        Width < width ? _pieces.Append((new string(' ', width - Width), Ink.Plain)) : _pieces;

    private string Paint(string text, Ink ink)
    {
        var code = ink switch
        {
            Ink.Bold => "1",
            Ink.Dim => "2",
            Ink.Good => "32",
            Ink.Warn => "33",
            Ink.Bad => "1;31",
            Ink.Line => "36",
            _ => "",
        };
        if (IsChosen)
            code = code.Length == 0 ? "7" : $"7;{code}";
        return code.Length == 0 ? text : $"\e[{code}m{text}{Usual}";
    }
}
