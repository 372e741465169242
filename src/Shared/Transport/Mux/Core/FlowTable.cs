using Tunnel.Shared.Protocol.Frames;

namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>
/// The open flows of one kind by their ids. Ids only ever rise, so an id that is not in the table and not above the highest belongs to a
/// closed flow, and its frame is late. The core's lock guards the table. Streams and sessions have separate tables, since a base peer may
/// number each on its own.
/// </summary>
/// <param name="kind">The name of the kind, for messages.</param>
internal sealed class FlowTable<TFlow>(string kind)
    where TFlow : MuxNode
{
    private readonly Dictionary<uint, TFlow> _flows = [];

    public int Count => _flows.Count;

    /// <summary>The highest id so far.</summary>
    public uint Highest { get; private set; }

    public IReadOnlyCollection<TFlow> All => _flows.Values;

    public void Add(uint id, TFlow flow)
    {
        _flows.Add(id, flow);
        Highest = id;
    }

    public void Remove(uint id) => _flows.Remove(id);

    /// <summary>Returns the flow of a frame, or null when the frame is late.</summary>
    /// <exception cref="FrameViolationException">The id was never opened.</exception>
    public TFlow? Find(in FrameHeader frame)
    {
        if (_flows.TryGetValue(frame.StreamId, out var flow))
            return flow;
        return frame.StreamId <= Highest ? null : throw new FrameViolationException(frame, $"{kind} was never opened");
    }

    /// <summary>Checks the id of a frame that opens.</summary>
    /// <exception cref="FrameViolationException">The id was opened before.</exception>
    public void CheckNew(in FrameHeader frame)
    {
        if (frame.StreamId <= Highest)
            throw new FrameViolationException(frame, "id was used already");
    }
}
