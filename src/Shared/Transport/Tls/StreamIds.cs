namespace Tunnel.Shared.Transport.Tls;

/// <summary>
/// The one counter of a tunnel that numbers streams and sessions, whatever lane they are on (protocol.md section 3). Thread-safe; who takes a number with
/// its lane's lock held has them rise on that lane.
/// </summary>
internal sealed class StreamIds
{
    // Near the end of the numbers the edge makes a new tunnel.
    private const long Last = uint.MaxValue - 1024;

    private long _last;

    /// <summary>Starts behind <paramref name="last"/>; 0 for a new tunnel.</summary>
    public StreamIds(uint last = 0) => _last = last;

    /// <summary>The next id, or 0 when they are used up.</summary>
    public uint Next() => Interlocked.Increment(ref _last) is var id && id <= Last ? (uint)id : 0;
}
