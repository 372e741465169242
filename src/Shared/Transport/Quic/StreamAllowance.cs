namespace Tunnel.Shared.Transport.Quic;

/// <summary>
/// How many streams the hub lets an edge have at once (MAX_STREAMS). QUIC counts a stream until both sides have ended it, so refused ones
/// of an edge that does not answer the refusal stay, at some KiB each: there is room for few of those. It grows with the streams that are
/// served. Pure; guarded by the tunnel's lock.
/// </summary>
internal sealed class StreamAllowance
{
    /// <summary>What an edge may have before it is seen what it does with them: more than comes in one round trip.</summary>
    public const ushort First = 8_192;

    private int _allowed = First;

    /// <summary>A stream was opened.</summary>
    /// <param name="served">Streams that are not over.</param>
    /// <returns>What is allowed from now on, or null when that has not changed.</returns>
    public ushort? Raise(int served)
    {
        if (_allowed == ushort.MaxValue || served <= _allowed - (First / 2))
            return null;
        _allowed = Math.Min(_allowed + First, ushort.MaxValue);
        return (ushort)_allowed;
    }
}
