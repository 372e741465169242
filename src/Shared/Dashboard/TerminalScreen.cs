using System.Text;

namespace Tunnel.Shared.Dashboard;

/// <summary>
/// The screen of a terminal (ECMA-48 and xterm's alternate screen). Only lines that have changed are written, in one write, so that
/// nothing flickers. However it ends, the terminal is as it was.
/// </summary>
public sealed class TerminalScreen : IDisposable
{
    private const string Enter = "\e[?1049h\e[?25l\e[2J";
    private const string Leave = "\e[?25h\e[?1049l";

    private readonly TextWriter _output;
    private readonly bool _colours;
    private string[] _before = [];
    private int _width;
    private int _left;

    /// <summary>Takes the screen.</summary>
    /// <param name="output">The terminal.</param>
    /// <param name="colours">Whether colours are wanted.</param>
    public TerminalScreen(TextWriter output, bool colours)
    {
        _output = output;
        _colours = colours;
        // This covers an end by an exception that nobody catches.
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        _output.Write(Enter);
        _output.Flush();
    }

    /// <summary>Shows lines; those below them are empty.</summary>
    public void Show(IReadOnlyList<Row> rows, int width, int height)
    {
        var lines =
            rows.Take(height).Select(row => row.Draw(width, _colours)).Concat(Enumerable.Repeat("", Math.Max(0, height - rows.Count)))
            .ToArray();
        var all = width != _width || lines.Length != _before.Length;
        var text = new StringBuilder(all ? "\e[2J" : "");
        for (var line = 0; line < lines.Length; line++)
        {
            if (all || lines[line] != _before[line])
                text.Append("\e[").Append(line + 1).Append(";1H").Append(lines[line]).Append("\e[K");
        }

        (_before, _width) = (lines, width);
        if (text.Length == 0)
            return;
        _output.Write(text.ToString());
        _output.Flush();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _left, 1) == 1)
            return;
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        _output.Write(Leave);
        _output.Flush();
    }

    private void OnExit(object? sender, EventArgs e) => Dispose();
}
