namespace Tunnel.Shared.Transport;

/// <summary>
/// The one counter of a tunnel that numbers streams and sessions, whatever lane they are on (protocol.md section 3); over QUIC each has its
/// own. Numbers have 32 bits, so a tunnel that lives long has to be followed by another. Thread-safe; who takes a number with its lane's
/// lock held has them rise on that lane.
/// </summary>
internal sealed class StreamIds
{
    /// <summary>From here on it is time for a new tunnel: at 8,000 streams a second more than half an hour before the end.</summary>
    public const uint NearEnd = uint.MaxValue - (16 << 20);

    private const long Last = uint.MaxValue - 1024;

    private readonly TaskCompletionSource _ending = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _last;

    /// <summary>Starts behind <paramref name="last"/>; 0 for a new tunnel.</summary>
    public StreamIds(uint last = 0) => _last = last;

    /// <summary>Completes at <see cref="NearEnd"/>.</summary>
    public Task Ending => _ending.Task;

    /// <summary>The next id, or 0 when they are used up.</summary>
    public uint Next()
    {
        var id = Interlocked.Increment(ref _last);
        if (id >= NearEnd)
            _ending.TrySetResult();
        return id <= Last ? (uint)id : 0;
    }
}
