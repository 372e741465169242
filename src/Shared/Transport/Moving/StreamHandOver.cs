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
    private List<Action> _ofOld = [];
    private readonly List<Action> _ofNew = [];

    public StreamLeg From => from;

    public StreamLeg To => to;

    /// <summary>Whether this end sends on the new leg. At the edge that is so once the hub does.</summary>
    public bool IsSwitched { get; set; }

    /// <summary>Where what the peer sends on the new leg begins; null until it has said so.</summary>
    public long? Beginning { get; set; }

    /// <summary>Whether the old leg has brought its last byte. Whether it is the stream's last, only the peer's beginning tells.</summary>
    public bool HasEnded { get; set; }

    /// <summary>Whether the old leg brings nothing any more, though its last byte has not come.</summary>
    public bool IsFromGone { get; set; }

    /// <summary>Whether that is because the peer has given the old leg up, and not because its tunnel was lost.</summary>
    public bool IsFromLeft { get; set; }

    /// <summary>Whether the new leg's tunnel was lost. What the old one brings is heard all the same.</summary>
    public bool IsToGone { get; set; }

    /// <summary>Edge: whether the hub is asked again, since its first answer may have been lost.</summary>
    public bool IsAgain { get; set; }

    /// <summary>Edge: whether the hub's answer does not say if it has let the stream go before.</summary>
    public bool IsUnanswerable { get; set; }

    /// <summary>How the peer has reset the new leg; null when it has not.</summary>
    public StreamEnd? Reset { get; set; }

    /// <summary>Edge: the tunnel over which the stream goes on once the old leg has brought all, since the new leg's was lost.</summary>
    public ITunnel? Next { get; set; }

    /// <summary>Hub: the move that is done once the old leg has brought all; null when there is none.</summary>
    public HeldMove? Asked { get; set; }

    /// <summary>Edge: whether nobody knows if the hub has let the stream go, so that it has to be asked again.</summary>
    public bool IsInDoubt => !IsSwitched && IsToGone;

    /// <summary>Edge: whether that will not be known any more, so that the old leg's end can't be told from the stream's.</summary>
    public bool IsHopeless => IsInDoubt && (IsUnanswerable || IsForgotten || to.Table is not { Keeps: true, IsOver: false });

    /// <summary>Edge: whether the old tunnel is over, so that the hub does not know any more which streams it has let go.</summary>
    public bool IsForgotten => from.Table is { IsOver: true };

    /// <summary>Whether what is under way on the old leg can be sent again on another one.</summary>
    public bool KeepsBoth => from.Keeps && to.Keeps;

    /// <summary>Completes when the new leg is the one that is heard, or the stream has ended.</summary>
    public Task Done => _done.Task;

    /// <summary>Whether a leg is the old one or the new one.</summary>
    public bool Has(StreamLeg leg) => leg == from || leg == to;

    /// <summary>Keeps what the old leg or the new one has said until it is known what it means.</summary>
    public void Hold(StreamLeg leg, Action said) => (leg == from ? _ofOld : _ofNew).Add(said);

    /// <summary>Goes on from the same old leg in place of another way, with what that leg has said meanwhile.</summary>
    /// <param name="other">The way that is replaced.</param>
    public void Replace(StreamHandOver other)
    {
        (_ofOld, other._ofOld) = (other._ofOld, []);
        HasEnded = other.HasEnded;
        other._done.TrySetResult();
    }

    /// <summary>Ends the way from the old leg to the new one.</summary>
    /// <param name="heard">The leg that is heard from now on; what the other has said means nothing.</param>
    /// <returns>What that leg has said meanwhile.</returns>
    public IReadOnlyList<Action> End(StreamLeg? heard)
    {
        _done.TrySetResult();
        return heard == from ? _ofOld : heard == to ? _ofNew : [];
    }
}
