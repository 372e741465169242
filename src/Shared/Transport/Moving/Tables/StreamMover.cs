namespace Tunnel.Shared.Transport.Moving.Tables;

/// <summary>
/// Edge: lets the streams of a tunnel go on over another one, the oldest first, and waits where that takes no new ones at present.
/// </summary>
internal static class StreamMover
{
    /// <summary>How long to wait before a tunnel that takes no streams is asked again.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>How often all that is left is asked for again, after pauses that double.</summary>
    private const int Rounds = 5;

    private static readonly TimeSpan RoundPause = TimeSpan.FromMilliseconds(250);

    /// <summary>Moves the streams of a tunnel that is lost.</summary>
    public static async Task MoveAllAsync(MovableStreams table, ITunnel other)
    {
        foreach (var stream in table.List())
            await MoveAsync(stream, table, other);
    }

    /// <summary>Moves one stream of a tunnel that is lost.</summary>
    public static async Task MoveAsync(IMovable stream, MovableStreams table, ITunnel other)
    {
        while (!table.IsOver && !other.Completion.IsCompleted)
        {
            await other.WaitForRoomAsync();
            if (stream.TryMove(table, other))
                break;
            await Task.Delay(Pause, table.Time);
        }
    }

    /// <summary>Moves the streams of a tunnel that lives. One that the hub does not yet know is asked for again.</summary>
    /// <returns>How many go on there.</returns>
    public static async Task<int> HandOverAllAsync(MovableStreams table, ITunnel other)
    {
        var moved = new HashSet<IMovable>();
        for (var round = 0; round < Rounds && !other.Completion.IsCompleted; round++)
        {
            if (round > 0)
                await Task.Delay(RoundPause * (1 << round), table.Time);
            var streams = table.List();
            if (streams.Length == 0)
                break;
            foreach (var stream in streams)
            {
                moved.Add(stream);
                await other.WaitForRoomAsync();
                while (!other.Completion.IsCompleted && !stream.TryHandOver(table, other))
                    await Task.Delay(Pause, table.Time);
            }
        }

        return moved.Count(stream => stream.HasLeft(table));
    }
}
