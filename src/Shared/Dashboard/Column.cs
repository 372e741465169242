namespace Tunnel.Shared.Dashboard;

/// <summary>A column of a list.</summary>
/// <typeparam name="T">What a line of the list shows.</typeparam>
/// <param name="Name">Its name.</param>
/// <param name="Width">How many columns of the terminal it takes; 0: all that the others leave.</param>
/// <param name="Read">Returns its text for a line, and how it is shown; the width is what it has.</param>
public sealed record Column<T>(string Name, int Width, Func<T, int, (string Text, Ink Ink)> Read)
{
    /// <summary>In a narrow terminal the columns of the highest rank go first; those of 0 stay.</summary>
    public int Rank { get; init; }

    /// <summary>The width up to which it grows for its longest text, where the terminal has room; 0: it does not.</summary>
    public int Most { get; init; }

    /// <summary>Whether its text is at its right end, as numbers are.</summary>
    public bool ToRight { get; init; }

    /// <summary>The key by which the list is sorted with this column; null: it can't be.</summary>
    public Comparison<T>? Sort { get; init; }
}
