using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport.Mux.Core;

namespace Tunnel.Shared.Transport.Mux.Streams;

/// <summary>The streams of one end of a mux. Members must be called with the core's lock held unless they say otherwise.</summary>
internal sealed class MuxStreams(MuxCore core)
{
    /// <summary>The most aborted streams that are kept until a base peer closes them too; beyond this the oldest is forgotten.</summary>
    public const int MaxAborted = 1_024;

    private readonly FlowTable<MuxStream> _table = new("stream");
    private readonly Queue<MuxStream> _aborted = new();

    public MuxCore Core => core;

    /// <summary>The streams that moved data lately.</summary>
    public ActiveStreams Active { get; } = new(core.Context.Flow);

    /// <summary>The highest id so far.</summary>
    public uint Highest => _table.Highest;

    public IReadOnlyCollection<MuxStream> All => _table.All;

    /// <summary>Checks the id of an OPEN.</summary>
    /// <exception cref="FrameViolationException">It was opened before.</exception>
    public void CheckNew(in FrameHeader frame) => _table.CheckNew(frame);

    /// <summary>Returns the stream of a frame, or null when the frame is late.</summary>
    /// <exception cref="FrameViolationException">The id was never opened.</exception>
    public MuxStream? Find(in FrameHeader frame) => _table.Find(frame);

    public void Add(MuxStream stream)
    {
        _table.Add(stream.Id, stream);
        stream.IsKnown = true;
        core.Unfinished.Add();
    }

    public void Remove(MuxStream stream)
    {
        if (stream.IsKnown)
            _table.Remove(stream.Id);
        stream.IsKnown = false;
    }

    /// <summary>
    /// Keeps an aborted stream. A base peer can't tell an abort from an orderly end and may go on sending; its data is dropped and credited
    /// while the stream is kept. A peer that never closes aborted streams gains nothing: its data is only no longer credited.
    /// </summary>
    public void KeepAborted(MuxStream stream)
    {
        if (_aborted.Count == MaxAborted)
            Remove(_aborted.Dequeue());
        _aborted.Enqueue(stream);
    }

    /// <summary>Notes that a stream has ended for its owner.</summary>
    public void Finish(MuxStream stream)
    {
        Active.Remove(stream);
        core.Unfinished.Finish();
    }

    /// <summary>Counts received bytes that were written to the local peer. Called without the lock.</summary>
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
