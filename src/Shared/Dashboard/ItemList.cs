namespace Tunnel.Shared.Dashboard;

/// <summary>A list that is scrolled, sorted and filtered by keys. Of a long one only the lines on the screen are drawn.</summary>
/// <typeparam name="T">What a line shows.</typeparam>
/// <param name="columns">The columns, from left to right.</param>
/// <param name="nameOf">Returns what identifies a line, and what the filter looks into.</param>
public sealed class ItemList<T>(IReadOnlyList<Column<T>> columns, Func<T, string> nameOf) : IItemList
    where T : class
{
    // A column that takes what the others leave gets at least this much room.
    private const int LeastRest = 8;

    private IReadOnlyList<T> _shown = [];
    private int _sortedBy = -1;
    private int _top;
    private string? _chosen;

    /// <inheritdoc/>
    public string Filter { get; set; } = "";

    /// <summary>The lines that the last drawing has shown on the screen.</summary>
    public IReadOnlyList<T> Window { get; private set; } = [];

    /// <summary>The line that is chosen; null when there is none.</summary>
    public T? Chosen => _shown.FirstOrDefault(item => nameOf(item) == _chosen) ?? _shown.FirstOrDefault();

    /// <inheritdoc/>
    public string? SortedBy => _sortedBy < 0 ? null : columns[_sortedBy].Name;

    /// <inheritdoc/>
    public void Move(int lines)
    {
        if (_shown.Count > 0)
            _chosen = nameOf(_shown[Math.Clamp(IndexOfChosen() + lines, 0, _shown.Count - 1)]);
    }

    /// <inheritdoc/>
    public void SortByNext()
    {
        do
            _sortedBy++;
        while (_sortedBy < columns.Count && columns[_sortedBy].Sort is null);
        if (_sortedBy == columns.Count)
            _sortedBy = -1;
    }

    /// <summary>Draws the heading and as many lines as there is room for.</summary>
    public IReadOnlyList<Row> Draw(IEnumerable<T> items, int width, int height) => [.. Lines(items, width, height)];

    private IEnumerable<Row> Lines(IEnumerable<T> items, int width, int height)
    {
        var kept = items.Where(item => nameOf(item).Contains(Filter, StringComparison.OrdinalIgnoreCase)).ToList();
        if (_sortedBy >= 0)
            kept.Sort(columns[_sortedBy].Sort!);
        _shown = kept;
        var widths = Widths(width, kept);
        var heading = new Row().Add(" ");
        for (var column = 0; column < columns.Count; column++)
        {
            var name = columns[column].Name + (column == _sortedBy ? "▾" : "");
            heading.Add(name, widths[column], Ink.Dim, columns[column].ToRight).Add(Gap(widths[column]));
        }

        yield return heading;

        var isLive = height < IDashboard.Endless / 2;
        var room = Math.Max(0, height - 1);
        var chosen = IndexOfChosen();
        _top = Math.Clamp(_top, Math.Max(0, chosen - room + 1), Math.Max(0, chosen));
        _top = Math.Clamp(_top, 0, Math.Max(0, kept.Count - room));
        Window = kept.GetRange(_top, Math.Min(kept.Count - _top, room));
        for (var line = _top; line < _top + Window.Count; line++)
        {
            var row = new Row { IsChosen = line == chosen && isLive }.Add(" ");
            for (var column = 0; column < columns.Count; column++)
            {
                if (widths[column] == 0)
                    continue;
                var (text, ink) = columns[column].Read(kept[line], widths[column]);
                row.Add(text, widths[column], ink, columns[column].ToRight).Add(Gap(widths[column]));
            }

            yield return row;
        }
    }

    private static string Gap(int width) => width > 0 ? "  " : "";

    private int IndexOfChosen()
    {
        for (var i = 0; i < _shown.Count; i++)
        {
            if (nameOf(_shown[i]) == _chosen)
                return i;
        }

        return 0;
    }

    private int[] Widths(int width, List<T> items)
    {
        var widths = columns.Select(column => column.Width == 0 ? LeastRest : column.Width).ToArray();
        int Taken() => 1 + widths.Sum(column => column > 0 ? column + 2 : 0);
        foreach (var rank in columns.Select(column => column.Rank).Where(rank => rank > 0).Distinct().OrderDescending())
        {
            if (Taken() <= width)
                break;
            for (var column = 0; column < columns.Count; column++)
            {
                if (columns[column].Rank == rank)
                    widths[column] = 0;
            }
        }

        for (var column = 0; column < columns.Count; column++)
        {
            if (columns[column].Most > 0 && items.Count > 0)
            {
                var longest = items.Max(item => TextWidth.Of(columns[column].Read(item, columns[column].Most).Text));
                widths[column] += Math.Clamp(Math.Min(longest, columns[column].Most) - widths[column], 0, Math.Max(0, width - Taken()));
            }
        }

        for (var column = 0; column < columns.Count; column++)
        {
            if (columns[column].Width == 0 && widths[column] > 0)
                widths[column] += Math.Max(0, width - Taken());
        }

        return widths;
    }
}
