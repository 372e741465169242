namespace Tunnel.Shared.Dashboard;

/// <summary>How a piece of text is shown. Each state also has a sign and a word, so that none of it depends on colour.</summary>
public enum Ink
{
    /// <summary>Plain text, as the terminal shows it.</summary>
    Plain,

    /// <summary>Text that the eye shall find first.</summary>
    Bold,

    /// <summary>Labels and what matters less.</summary>
    Dim,

    /// <summary>All is well.</summary>
    Good,

    /// <summary>Something to look at.</summary>
    Warn,

    /// <summary>Something is broken.</summary>
    Bad,

    /// <summary>A line that moves, such as bytes from clients.</summary>
    Line,
}
