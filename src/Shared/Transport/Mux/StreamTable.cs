using Tunnel.Shared.Protocol.Frames;

namespace Tunnel.Shared.Transport.Mux;

/// <summary>
/// The open streams and sessions of a tunnel by id. Ids only ever rise, so one that is not here and not above the highest was closed: a late frame. Not
/// thread-safe. Streams and sessions are apart, since a base peer may number each on its own.
/// </summary>
internal sealed class StreamTable
{
    /// <summary>Streams that were aborted and are kept until a base peer closes them too; of more the oldest is forgotten.</summary>
    public const int MaxAborted = 1_024;

    private readonly Dictionary<uint, MuxStream> _streams = [];
    private readonly Queue<MuxStream> _aborted = new();
    private readonly Dictionary<uint, MuxSession> _sessions = [];
    private uint _highestStream;
    private uint _highestSession;

    public int Sessions => _sessions.Count;

    public uint HighestStream => _highestStream;

    public IReadOnlyCollection<MuxStream> AllStreams => _streams.Values;

    public IReadOnlyCollection<MuxSession> AllSessions => _sessions.Values;

    public void Add(MuxStream stream)
    {
        _streams.Add(stream.Id, stream);
        _highestStream = stream.Id;
        stream.IsKnown = true;
    }

    public void Add(MuxSession session)
    {
        _sessions.Add(session.Id, session);
        _highestSession = session.Id;
    }

    public void Remove(MuxStream stream)
    {
        if (stream.IsKnown)
            _streams.Remove(stream.Id);
        stream.IsKnown = false;
    }

    /// <summary>
    /// A base peer does not know our abort from an end, and may go on sending; what it sends is dropped and credited while the stream is here. One that
    /// never closes what we have aborted gains nothing by it but that its own data is credited no more.
    /// </summary>
    public void KeepAborted(MuxStream stream)
    {
        if (_aborted.Count == MaxAborted)
            Remove(_aborted.Dequeue());
        _aborted.Enqueue(stream);
    }

    public void Remove(MuxSession session) => _sessions.Remove(session.Id);

    /// <summary>The stream of a frame, or null for a late one.</summary>
    /// <exception cref="FrameViolationException">The id was never opened.</exception>
    public MuxStream? FindStream(in FrameHeader frame)
    {
        if (_streams.TryGetValue(frame.StreamId, out var stream))
            return stream;
        return frame.StreamId <= _highestStream ? null : throw new FrameViolationException(frame, "stream was never opened");
    }

    /// <summary>The session of a frame, or null for a late one.</summary>
    /// <exception cref="FrameViolationException">The id was never opened.</exception>
    public MuxSession? FindSession(in FrameHeader frame)
    {
        if (_sessions.TryGetValue(frame.StreamId, out var session))
            return session;
        return frame.StreamId <= _highestSession ? null : throw new FrameViolationException(frame, "session was never opened");
    }

    /// <summary>Checks the id of an OPEN.</summary>
    public void CheckNewStream(in FrameHeader frame)
    {
        if (frame.StreamId <= _highestStream)
            throw new FrameViolationException(frame, "id was used already");
    }

    /// <summary>Checks the id of a UDP_OPEN.</summary>
    public void CheckNewSession(in FrameHeader frame)
    {
        if (frame.StreamId <= _highestSession)
            throw new FrameViolationException(frame, "id was used already");
    }
}
