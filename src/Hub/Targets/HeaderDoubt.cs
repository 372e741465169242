namespace Tunnel.Hub.Targets;

/// <summary>
/// Tells whether a port's upstream expects the PROXY header that it gets. An upstream that does not takes it for a broken request, and
/// most hang up at once. The clients' own connections show it: the doubt is raised by several in a row whose upstream hung up right after
/// the header without sending anything. One connection that goes otherwise ends the doubt.
/// </summary>
internal sealed class HeaderDoubt
{
    /// <summary>The number of such connections in a row that raises the doubt.</summary>
    public const int Least = 5;

    /// <summary>The words in which the doubt is reported.</summary>
    public const string Words = "the upstream seems not to expect a PROXY header";

    /// <summary>An upstream that hangs up within this time after the header has not waited for the client.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    private int _inARow;

    /// <summary>Whether there is a doubt.</summary>
    public bool IsRaised => Volatile.Read(ref _inARow) >= Least;

    /// <summary>Notes that the upstream hung up at once.</summary>
    /// <returns>True when this connection has raised the doubt.</returns>
    public bool NoteHungUp() => Volatile.Read(ref _inARow) < Least && Interlocked.Increment(ref _inARow) == Least;

    /// <summary>Notes that the upstream sent something or waited, or that there was no header.</summary>
    public void NoteFine()
    {
        // Called for each connection, so only a change is written.
        if (Volatile.Read(ref _inARow) != 0)
            Volatile.Write(ref _inARow, 0);
    }
}
