using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport.Mux.Core;

namespace Tunnel.Shared.Transport.Mux.Streams;

/// <summary>The streams of one end of a mux. Members want the core's lock held unless they say otherwise.</summary>
internal sealed class MuxStreams(MuxCore core)
{
    /// <summary>Streams that were aborted and are kept until a base peer closes them too; of more the oldest is forgotten.</summary>
    public const int MaxAborted = 1_024;

    private readonly FlowTable<MuxStream> _table = new("stream");
    private readonly Queue<MuxStream> _aborted = new();

    public MuxCore Core => core;

    /// <summary>Those that moved data lately.</summary>
    public ActiveStreams Active { get; } = new(core.Context.Flow);

    /// <summary>The highest id that there ever was.</summary>
    public uint Highest => _table.Highest;

    public IReadOnlyCollection<MuxStream> All => _table.All;

    /// <summary>Checks the id of an OPEN.</summary>
    /// <exception cref="FrameViolationException">It was opened before.</exception>
    public void CheckNew(in FrameHeader frame) => _table.CheckNew(frame);

    /// <summary>The stream of a frame, or null for a late one.</summary>
    /// <exception cref="FrameViolationException">The id was never opened.</exception>
    public MuxStream? Find(in FrameHeader frame) => _table.Find(frame);

    public void Add(MuxStream stream)
    {
        _table.Add(stream.Id, stream);
        stream.IsKnown = true;
        core.Unfinished.Add();
        core.Traffic.CountOpened();
    }

    public void Remove(MuxStream stream)
    {
        if (stream.IsKnown)
            _table.Remove(stream.Id);
        stream.IsKnown = false;
    }

    /// <summary>
    /// A base peer does not know our abort from an end, and may go on sending; what it sends is dropped and credited while the stream is
    /// here. One that never closes what we have aborted gains nothing by it but that its own data is credited no more.
    /// </summary>
    public void KeepAborted(MuxStream stream)
    {
        if (_aborted.Count == MaxAborted)
            Remove(_aborted.Dequeue());
        _aborted.Enqueue(stream);
    }

    /// <summary>The stream is over for its owner.</summary>
    public void Finish(MuxStream stream, in StreamEnd end)
    {
        if (!end.Completed)
            core.Traffic.CountReset();
        Active.Remove(stream);
        core.Unfinished.Finish();
    }

    /// <summary>Received bytes were written to the local peer. Without the lock.</summary>
    public void OnDelivered(MuxStream stream, int bytes)
    {
        core.Traffic.CountReceived(bytes);
        var now = core.Context.NowMilliseconds;
        if (ActiveStreams.IsFresh(stream, now))
            return;
        lock (core.Sync)
        {
            if (!stream.State.IsGone)
                Active.Touch(stream, now);
        }
    }
}
