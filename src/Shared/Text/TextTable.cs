namespace Tunnel.Shared.Text;

/// <summary>
/// A table for people, with each column as wide as its widest cell. Where the terminal has less room, the widest columns are folded after
/// commas and at spaces; where that is not enough, each row becomes a few lines with a name and a value. See <see cref="TerminalText"/> for
/// what cells may hold.
/// </summary>
/// <param name="header">The names of the columns.</param>
public sealed class TextTable(params string[] header)
{
    private const int Gap = 2;

    /// <summary>The text of an empty cell.</summary>
    public const string Nothing = "-";

    private readonly List<string[]> _rows = [header];

    /// <summary>Adds a row with a cell for each column.</summary>
    public void Add(params string[] cells) => _rows.Add([.. cells.Select(TerminalText.Escape)]);

    /// <summary>Writes the table.</summary>
    /// <param name="output">Where to write.</param>
    /// <param name="width">The most columns of a line; null for no limit.</param>
    public Task WriteAsync(TextWriter output, int? width = null) =>
        Widths(width ?? int.MaxValue) is { } widths ? WriteRowsAsync(output, widths) : WriteListAsync(output);

    private async Task WriteRowsAsync(TextWriter output, int[] widths)
    {
        foreach (var row in _rows)
        {
            var cells = row.Select((cell, column) => Fold(cell, widths[column]).ToArray()).ToArray();
            for (var line = 0; line < cells.Max(cell => cell.Length); line++)
            {
                await output.WriteLineAsync(string.Join(
                    "  ", cells.Select((cell, column) => (line < cell.Length ? cell[line] : "").PadRight(widths[column]))).TrimEnd());
            }
        }
    }

    private async Task WriteListAsync(TextWriter output)
    {
        var names = _rows[0].Skip(1).Max(name => name.Length);
        foreach (var row in _rows.Skip(1))
        {
            await output.WriteLineAsync($"{_rows[0][0]} {row[0]}");
            for (var column = 1; column < row.Length; column++)
            {
                if (row[column] != Nothing)
                    await output.WriteLineAsync($"  {_rows[0][column].PadRight(names)}  {row[column]}");
            }
        }
    }

    /// <summary>The widths of the columns; null when they can't be made narrow enough.</summary>
    private int[]? Widths(int limit)
    {
        var columns = Enumerable.Range(0, _rows[0].Length);
        var widths = columns.Select(column => _rows.Max(row => row[column].Length)).ToArray();
        var least = columns.Select(column => _rows.Max(row => Pieces(row[column]).Max(piece => piece.Length))).ToArray();
        for (var excess = widths.Sum() + (Gap * (widths.Length - 1)) - limit; excess > 0; excess--)
        {
            var foldable = columns.Where(column => widths[column] > least[column]).ToArray();
            if (foldable.Length == 0)
                return null;
            widths[foldable.MaxBy(column => widths[column])]--;
        }

        return widths;
    }

    private static IEnumerable<string> Fold(string cell, int width)
    {
        var line = "";
        foreach (var piece in Pieces(cell))
        {
            if (line.Length > 0 && line.Length + piece.TrimEnd(' ').Length > width)
            {
                yield return line.TrimEnd(' ');
                line = "";
            }

            line += piece;
        }

        yield return line;
    }

    // A piece is not cut: it extends up to and including a comma or space.
    private static IEnumerable<string> Pieces(string cell)
    {
        var start = 0;
        for (var end = 1; end <= cell.Length; end++)
        {
            if (end < cell.Length && cell[end - 1] is not (',' or ' '))
                continue;
            yield return cell[start..end];
            start = end;
        }

        if (cell.Length == 0)
            yield return "";
    }
}
