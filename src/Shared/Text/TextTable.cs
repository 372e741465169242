namespace Tunnel.Shared.Text;

/// <summary>
/// Columns for people, each as wide as its widest cell; where the terminal has less room, the widest ones are folded. See <see cref="TerminalText"/> for what
/// cells may hold.
/// </summary>
/// <param name="header">The columns' names.</param>
public sealed class TextTable(params string[] header)
{
    private const int Gap = 2;

    // Narrower than this a column can't be read: then the terminal may wrap the line.
    private const int LeastWidth = 8;

    private readonly List<string[]> _rows = [header];

    /// <summary>Adds a row with a cell for each column.</summary>
    public void Add(params string[] cells) => _rows.Add([.. cells.Select(TerminalText.Escape)]);

    /// <summary>Writes it all.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="width">Columns that a line may have; null: as many as it needs.</param>
    public async Task WriteAsync(TextWriter output, int? width = null)
    {
        var widths = Widths(width);
        foreach (var row in _rows)
        {
            var cells = row.Select((cell, column) => Fold(cell, widths[column]).ToArray()).ToArray();
            for (var line = 0; line < cells.Max(cell => cell.Length); line++)
                await output.WriteLineAsync(string.Join("  ", cells.Select((cell, column) => (line < cell.Length ? cell[line] : "").PadRight(widths[column]))).TrimEnd());
        }
    }

    private int[] Widths(int? limit)
    {
        var widths = Enumerable.Range(0, _rows[0].Length).Select(column => _rows.Max(row => row[column].Length)).ToArray();
        var least = widths.Select((width, column) => Math.Min(width, Math.Max(LeastWidth, _rows[0][column].Length))).ToArray();
        for (var excess = widths.Sum() + (Gap * (widths.Length - 1)) - (limit ?? int.MaxValue); excess > 0; excess--)
        {
            var foldable = Enumerable.Range(0, widths.Length).Where(column => widths[column] > least[column]).ToArray();
            if (foldable.Length == 0)
                break;
            widths[foldable.MaxBy(column => widths[column])]--;
        }

        return widths;
    }

    // Behind a comma or at a space, where there is one in the second half of the line.
    private static IEnumerable<string> Fold(string cell, int width)
    {
        while (cell.Length > width)
        {
            var end = cell.LastIndexOfAny([',', ' '], width - 1) + 1;
            if (end <= width / 2)
                end = width;
            yield return cell[..end].TrimEnd(' ');
            cell = cell[end..];
        }

        yield return cell;
    }
}
