using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Quic.Streams;

/// <summary>
/// The streams of a tunnel, each of which ends twice: for its owners, and later natively. The caller must hold the tunnel's lock, except
/// for <see cref="Unfinished"/>.
/// </summary>
internal sealed class QuicStreamTable(bool isEdge)
{
    private readonly HashSet<QuicStream> _streams = [];
    private readonly TaskCompletionSource _nativesGone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly UnfinishedStreams _unfinished = new();
    private bool _closing;

    /// <summary>
    /// The most streams that may begin or end at an edge at once. msquic walks over all of them for each packet, so their cost grows with
    /// the square of their number (docs/performance.md).
    /// </summary>
    public const int MostUnderWay = 512;

    /// <summary>Streams that have ended for their owners and whose end the peer has not answered.</summary>
    public UnsentEndings Endings { get; } = new(isEdge ? UnsentEndings.EdgeLimit : StreamAllowance.First / 2);

    /// <summary>The number of streams that have not ended for their owners.</summary>
    public int Unfinished => _unfinished.Count;

    /// <summary>
    /// Edge: streams whose beginning has not arrived, and streams whose end only needs the peer's answer and no room at the peer.
    /// </summary>
    public UnsentEndings UnderWay { get; } = new(MostUnderWay, "beginnings and ends of streams");

    public uint HighestId { get; private set; }

    /// <summary>Completes when no native stream is left after <see cref="Close"/>.</summary>
    public Task NativesGone => _nativesGone.Task;

    /// <summary>The present streams.</summary>
    public QuicStream[] ToArray() => [.. _streams];

    public void Add(QuicStream stream)
    {
        _streams.Add(stream);
        _unfinished.Add();
        HighestId = Math.Max(HighestId, stream.Id);
    }

    /// <summary>Notes that a stream has ended for its owners.</summary>
    /// <returns>True when the stream was the last.</returns>
    public bool Finish()
    {
        Endings.Add();
        _unfinished.Finish();
        return _unfinished.Count == 0;
    }

    /// <summary>Removes a stream that has ended natively.</summary>
    public void Remove(QuicStream stream, long now)
    {
        // The stream has ended for its owners before this, or at the same time.
        if (_streams.Remove(stream))
            Endings.OnSent(now);
        TellIfGone();
    }

    /// <summary>Why the tunnel must be ended, when its peer does not answer; else null.</summary>
    /// <param name="now">Milliseconds of the context's clock.</param>
    /// <param name="isHeard">True when the peer gives signs of life: silence has its own time limit.</param>
    public TunnelEnd? FindOverdue(long now, bool isHeard) => Endings.IsOverdue(now) ? Endings.End
        : isHeard && UnderWay.IsOverdue(now) ? UnderWay.End
        : null;

    /// <summary>Notes that no new streams will come.</summary>
    public void Close()
    {
        _closing = true;
        TellIfGone();
    }

    /// <summary>Completes when all streams have ended for their owners.</summary>
    public Task WhenFinished() => _unfinished.WaitAsync();

    private void TellIfGone()
    {
        if (_closing && _streams.Count == 0)
            _nativesGone.TrySetResult();
    }
}
