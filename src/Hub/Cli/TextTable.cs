using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary>Columns for people, each as wide as its widest cell; see <see cref="TerminalText"/>.</summary>
internal sealed class TextTable(params string[] header)
{
    private readonly List<string[]> _rows = [header];

    public void Add(params string[] cells) => _rows.Add([.. cells.Select(TerminalText.Escape)]);

    public async Task WriteAsync(TextWriter output)
    {
        var widths = Enumerable.Range(0, _rows[0].Length).Select(column => _rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in _rows)
            await output.WriteLineAsync(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }
}
