using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Quic;

/// <summary>
/// The streams of a tunnel, each of which ends twice: for its owners, and later natively. The caller holds the tunnel's lock, but for
/// <see cref="Unfinished"/>.
/// </summary>
internal sealed class QuicStreamTable(bool isEdge)
{
    private readonly HashSet<QuicStream> _streams = [];
    private readonly TaskCompletionSource _nativesGone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly UnfinishedStreams _unfinished = new();
    private bool _closing;

    /// <summary>
    /// The most streams that begin or end at an edge at once. msquic walks over all of them for each packet, so that what they cost grows
    /// with their square: docs/performance.md.
    /// </summary>
    public const int MostUnderWay = 512;

    /// <summary>Streams that are over for their owners, whose end the peer has not answered.</summary>
    public UnsentEndings Endings { get; } = new(isEdge ? UnsentEndings.EdgeLimit : StreamAllowance.First / 2);

    /// <summary>Streams that are not over for their owners.</summary>
    public int Unfinished => _unfinished.Count;

    /// <summary>
    /// Edge: streams whose beginning has not arrived, and those that are all but over: it takes the peer's answer, and no room that it has
    /// to make.
    /// </summary>
    public UnsentEndings UnderWay { get; } = new(MostUnderWay, "beginnings and ends of streams");

    public uint HighestId { get; private set; }

    /// <summary>Completes when no native stream is left after <see cref="Close"/>.</summary>
    public Task NativesGone => _nativesGone.Task;

    /// <summary>Those that are there now.</summary>
    public QuicStream[] ToArray() => [.. _streams];

    public void Add(QuicStream stream)
    {
        _streams.Add(stream);
        _unfinished.Add();
        HighestId = Math.Max(HighestId, stream.Id);
    }

    /// <summary>One is over for its owners.</summary>
    /// <returns>True when it was the last.</returns>
    public bool Finish()
    {
        Endings.Add();
        _unfinished.Finish();
        return _unfinished.Count == 0;
    }

    /// <summary>One is over natively.</summary>
    public void Remove(QuicStream stream, long now)
    {
        // Its end for its owners came before, or with it.
        if (_streams.Remove(stream))
            Endings.OnSent(now);
        TellIfGone();
    }

    /// <summary>Why the tunnel is to be ended: its peer does not answer; else null.</summary>
    /// <param name="now">The context's clock.</param>
    /// <param name="isHeard">It gives signs of life: silence has a time of its own.</param>
    public TunnelEnd? FindOverdue(long now, bool isHeard) => Endings.IsOverdue(now) ? Endings.End
        : isHeard && UnderWay.IsOverdue(now) ? UnderWay.End
        : null;

    /// <summary>There will be no new ones.</summary>
    public void Close()
    {
        _closing = true;
        TellIfGone();
    }

    /// <summary>Completes when all are over for their owners.</summary>
    public Task WhenFinished() => _unfinished.WaitAsync();

    private void TellIfGone()
    {
        if (_closing && _streams.Count == 0)
            _nativesGone.TrySetResult();
    }
}
