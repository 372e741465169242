namespace Tunnel.Shared.Transport;

/// <summary>
/// A tunnel's counter for the ids of its streams and sessions on all lanes (protocol.md section 3); over QUIC streams and sessions have a
/// counter each. Ids have 32 bits, so a long-lived tunnel has to be replaced by another. Thread-safe; a caller that takes ids with its
/// lane's lock held makes them rise on that lane.
/// </summary>
internal sealed class StreamIds
{
    /// <summary>
    /// From this id on a new tunnel is needed: at 8,000 streams a second that is more than half an hour before the last id.
    /// </summary>
    public const uint NearEnd = uint.MaxValue - (16 << 20);

    private const long Last = uint.MaxValue - 1024;

    private readonly TaskCompletionSource _ending = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _last;

    /// <summary>Creates a counter that starts after <paramref name="last"/>; 0 for a new tunnel.</summary>
    public StreamIds(uint last = 0) => _last = last;

    /// <summary>Completes when the ids reach <see cref="NearEnd"/>.</summary>
    public Task Ending => _ending.Task;

    /// <summary>Returns the next id, or 0 when the ids are used up.</summary>
    public uint Next()
    {
        var id = Interlocked.Increment(ref _last);
        if (id >= NearEnd)
            _ending.TrySetResult();
        return id <= Last ? (uint)id : 0;
    }
}
