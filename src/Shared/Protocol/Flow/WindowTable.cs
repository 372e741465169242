namespace Tunnel.Shared.Protocol.Flow;

/// <summary>Says how large a stream's window may get: the table of protocol.md section 4.</summary>
public static class WindowTable
{
    // A sustained stream needs 3 bandwidth-delay products: a lost segment delays it and its credit by one more round trip, and by two when
    // it is lost again.
    private const int Products = 3;

    /// <summary><c>clamp(shared / n, min, max)</c>.</summary>
    /// <param name="active">Streams of the process that moved data in the last 2 s.</param>
    /// <param name="shared">Bytes that the active streams share.</param>
    /// <param name="min">Floor in bytes.</param>
    /// <param name="max">Ceiling in bytes.</param>
    public static int Target(int active, long shared, int min, int max) =>
        (int)Math.Clamp(shared / Math.Max(1, active), min, max);

    /// <summary>
    /// The limit of a sustained stream in bytes: <paramref name="min"/> or 3 × its bandwidth-delay product, whichever is larger, but at
    /// most <paramref name="target"/>.
    /// </summary>
    public static int Sustained(int target, int min, double bytesPerSecond, TimeSpan roundTrip) =>
        (int)Math.Min(target, Math.Max(min, Products * bytesPerSecond * roundTrip.TotalSeconds));
}
