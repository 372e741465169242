namespace Tunnel.Hub.Targets;

/// <summary>
/// Whether a port's upstream expects the PROXY header that it gets: one that does not takes it for a broken request, and most hang up at
/// once. Told by the clients' own connections: several in a row whose upstream hung up right behind the header with nothing sent back. One
/// that went otherwise ends the doubt.
/// </summary>
internal sealed class HeaderDoubt
{
    /// <summary>So many in a row raise the doubt.</summary>
    public const int Least = 5;

    /// <summary>What is said of it.</summary>
    public const string Words = "the upstream seems not to expect a PROXY header";

    /// <summary>An upstream that hangs up within this time after the header has not waited for the client.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    private int _inARow;

    /// <summary>Whether there is a doubt.</summary>
    public bool IsRaised => Volatile.Read(ref _inARow) >= Least;

    /// <summary>The upstream hung up at once.</summary>
    /// <returns>True when that has raised the doubt just now.</returns>
    public bool NoteHungUp() => Volatile.Read(ref _inARow) < Least && Interlocked.Increment(ref _inARow) == Least;

    /// <summary>The upstream sent something, waited, or had no header to wonder at.</summary>
    public void NoteFine()
    {
        // For each connection: only a change is written.
        if (Volatile.Read(ref _inARow) != 0)
            Volatile.Write(ref _inARow, 0);
    }
}
