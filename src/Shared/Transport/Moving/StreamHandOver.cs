namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// The way of one stream from a leg whose tunnel lives to another: the old leg brings what was sent on it to its last byte, and what the
/// new one brings follows. The stream's lock of receiving guards it.
/// </summary>
/// <param name="from">The old leg.</param>
/// <param name="to">The new leg.</param>
internal sealed class StreamHandOver(StreamLeg from, StreamLeg to)
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Action> _ofOld = [];
    private readonly List<Action> _ofNew = [];

    public StreamLeg From => from;

    public StreamLeg To => to;

    /// <summary>Whether this end sends on the new leg. At the edge that is so once the hub does.</summary>
    public bool IsSwitched { get; set; }

    /// <summary>Where what the peer sends on the new leg begins; null until it has said so.</summary>
    public long? Beginning { get; set; }

    /// <summary>Whether the old leg has brought its last byte. Whether it is the stream's last, only the peer's beginning tells.</summary>
    public bool HasEnded { get; set; }

    /// <summary>Completes when the new leg is the one that is heard, or the stream has ended.</summary>
    public Task Done => _done.Task;

    /// <summary>Whether a leg is the old one or the new one.</summary>
    public bool Has(StreamLeg leg) => leg == from || leg == to;

    /// <summary>Keeps what the old leg or the new one has said until it is known what it means.</summary>
    public void Hold(StreamLeg leg, Action said) => (leg == from ? _ofOld : _ofNew).Add(said);

    /// <summary>Ends the way from the old leg to the new one.</summary>
    /// <param name="heard">The leg that is heard from now on; what the other has said means nothing.</param>
    /// <returns>What that leg has said meanwhile.</returns>
    public IReadOnlyList<Action> End(StreamLeg? heard)
    {
        _done.TrySetResult();
        return heard == from ? _ofOld : heard == to ? _ofNew : [];
    }
}
