namespace Tunnel.Shared.Dashboard;

/// <summary>A series of numbers as a line of blocks.</summary>
public static class Sparkline
{
    private const string Blocks = "▁▂▃▄▅▆▇█";

    /// <summary>Draws the latest values, the newest last; a block stands for the highest of the values that share its column.</summary>
    /// <param name="values">The values, none negative, the oldest first.</param>
    /// <param name="width">How many columns.</param>
    public static string Draw(IReadOnlyList<long> values, int width)
    {
        if (width <= 0)
            return "";
        var columns = Math.Min(width, values.Count);
        var most = values.Count > 0 ? values.Max() : 0;
        return new string(' ', width - columns) + string.Concat(Enumerable.Range(0, columns).Select(column =>
        {
            var (first, end) = (column * values.Count / columns, (column + 1) * values.Count / columns);
            var value = values.Skip(first).Take(end - first).Max();
            return most == 0 ? Blocks[0] : Blocks[(int)(value * (Blocks.Length - 1) / most)];
        }));
    }
}
