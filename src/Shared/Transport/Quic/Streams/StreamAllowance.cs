namespace Tunnel.Shared.Transport.Quic.Streams;

/// <summary>
/// How many streams the hub lets an edge have at once (MAX_STREAMS). QUIC counts a stream until both sides have ended it, so refused
/// streams of an edge that does not answer the refusal stay, at some KiB each; only a few of those are allowed. The allowance grows with
/// the streams that are served. It does no I/O; the tunnel's lock guards it.
/// </summary>
internal sealed class StreamAllowance
{
    /// <summary>The streams that an edge may have at first, before its behaviour is known: more than come in one round trip.</summary>
    public const ushort First = 8_192;

    private int _allowed = First;

    /// <summary>Counts a stream that was opened.</summary>
    /// <param name="served">The number of streams that have not ended.</param>
    /// <returns>The new allowance, or null when it has not changed.</returns>
    public ushort? Raise(int served)
    {
        if (_allowed == ushort.MaxValue || served <= _allowed - (First / 2))
            return null;
        _allowed = Math.Min(_allowed + First, ushort.MaxValue);
        return (ushort)_allowed;
    }
}
