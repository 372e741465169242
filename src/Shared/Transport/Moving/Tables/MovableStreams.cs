using System.Buffers.Binary;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Buffers;
using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Moving.Tables;

/// <summary>
/// The streams of a tunnel that may go on over another one (protocol.md section 8). When the tunnel is lost it holds them for the agreed
/// time. Thread-safe.
/// </summary>
internal sealed class MovableStreams
{
    /// <summary>
    /// How many streams that have ended in order are kept until the peer says that it has their ends. A peer that acknowledges nothing
    /// gains no memory: of more, the oldest are forgotten.
    /// </summary>
    public const int MostEnded = 8_192;

    private readonly Lock _lock = new();
    private readonly Dictionary<uint, IMovable> _streams = [];
    private readonly Queue<IMovable> _ended = new();
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly AckQueue _acks;
    private readonly OpenedNumbers _opened = new();
    private readonly HashSet<uint> _overEarly = [];
    private readonly LetGoNumbers _letGo = new();
    private readonly MoveTally _tally;
    private ITimer? _grace;
    private bool _isLost;
    private bool _isLeft;
    private volatile bool _isOver;
    private volatile ITunnel? _successor;

    /// <summary>Creates the table of a tunnel without streams.</summary>
    /// <param name="context">The clock.</param>
    /// <param name="traffic">Counts what the tunnel carries.</param>
    /// <param name="acknowledge">Sends an ACK; null when the streams end with the tunnel, and move only while it lives.</param>
    /// <param name="share">
    /// The memory of the peer's tunnels, for this one until its streams are over; null for memory of its own. A tunnel whose streams end
    /// with it gives it back itself.
    /// </param>
    public MovableStreams(TransportContext context, TrafficMeter traffic, Action<byte[]>? acknowledge, KeptShare? share = null)
    {
        Share = share ?? context.Flow.Kept.Open(peer: null);
        Time = context.Time;
        Traffic = traffic;
        _tally = new MoveTally(context.Time);
        Keeps = acknowledge is not null;
        _acks = new AckQueue(this, context, acknowledge ?? (static _ => { }));
    }

    /// <summary>Whether streams keep what they have sent until the peer has it, so that they outlive the tunnel.</summary>
    public bool Keeps { get; }

    /// <summary>
    /// The memory in which streams count what they have sent. A stream has it for good: it goes on only over tunnels of the same peer,
    /// which have the same.
    /// </summary>
    public KeptShare Share { get; }

    /// <summary>The <c>hub.tunnelId</c> of the tunnel. Edge: set before the start.</summary>
    public string TunnelId { get; set; } = "";

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>Counts what the tunnel carries, and which of the streams end by a reset while they are here.</summary>
    public TrafficMeter Traffic { get; }

    /// <summary>Whether the peer opens the streams, as it does at the hub.</summary>
    public bool IsHub { get; init; }

    /// <summary>True when streams of a lost tunnel end at once.</summary>
    public bool IsOver => _isOver;

    /// <summary>Edge: the tunnel to which the streams are handed over while this one lives; null when they stay.</summary>
    public ITunnel? Successor { get => _successor; set => _successor = value; }

    /// <summary>Completes when the tunnel has ended and no stream waits for another one any more.</summary>
    public Task Settled => _settled.Task;

    /// <summary>Completes when each stream that was open when the tunnel was lost goes on elsewhere or has ended.</summary>
    public Task<TunnelResumed> Moved => _tally.Done;

    /// <summary>
    /// The number of streams that wait for another tunnel. One that goes on elsewhere may be known here too, until the edge has moved it
    /// once more.
    /// </summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
                return _isLost && !_isOver ? _streams.Values.Count(stream => stream.Needs(this)) : 0;
        }
    }

    /// <summary>The part of <see cref="Waiting"/> that is open for its owners. It costs the same however many there are.</summary>
    public int OpenWaiting => _tally.Waiting;

    /// <summary>Returns the streams, the oldest first.</summary>
    public IMovable[] List()
    {
        lock (_lock)
            return [.. _streams.OrderBy(static entry => entry.Key).Select(static entry => entry.Value)];
    }

    /// <summary>Hub: notes that the edge has opened a stream.</summary>
    /// <returns>False when the edge has left the tunnel, and may open the stream on another one.</returns>
    public bool TryOpen(uint id)
    {
        lock (_lock)
        {
            if (_isLeft)
                return false;
            _opened.Add(id);
            return true;
        }
    }

    /// <summary>Hub: lets a stream go on over another tunnel, as the edge asks.</summary>
    /// <param name="move">What the edge says of its end.</param>
    /// <param name="carrier">The stream of the other tunnel.</param>
    /// <param name="table">The streams of that tunnel, if they may be moved again.</param>
    /// <returns>Null when it goes on; else why it can't, and nothing has changed.</returns>
    public ResetReason? Take(StreamMove move, ITunnelStream carrier, MovableStreams? table)
    {
        if (move.Point is not null)
        {
            // The edge has lost the tunnel.
            if (!Keeps)
                return move.Refusal;
            lock (_lock)
            {
                _isLeft = true;
                if (!_opened.Contains(move.StreamId))
                    return ResetReason.NotOpened;
            }
        }

        var stream = Find(move.StreamId);
        if (stream?.TryTake(this, move, carrier, table) == true)
        {
            if (move.Point is null)
                _letGo.Add(move.StreamId);
            return null;
        }

        // An edge that asks again must not take a stream that went elsewhere for one that stays. Of a tunnel that is over nobody knows.
        return move.Point is not null || !(_isOver || _letGo.Contains(move.StreamId)) ? move.Refusal
            : !_isOver && stream is { IsOver: false } ? ResetReason.Unspecified : ResetReason.Refused;
    }

    public void Add(uint id, IMovable stream)
    {
        (bool Here, bool There) over;
        lock (_lock)
        {
            over = (_isOver, _overEarly.Remove(id));
            if (!over.Here)
                _streams[id] = stream;
        }

        if (over.There)
            stream.ForgetSent();
        if (!over.Here)
            return;

        // The tunnel has ended while the stream was being opened.
        stream.GiveUp(this);
    }

    /// <summary>A stream goes on over another tunnel.</summary>
    public void NoteMoved(IMovable stream, long bytesAgain) => _tally.OnMoved(stream, bytesAgain);

    public void Remove(uint id, IMovable stream)
    {
        _tally.OnEnded(stream);
        lock (_lock)
        {
            if (_streams.GetValueOrDefault(id) == stream)
                _streams.Remove(id);
            if (_streams.Count > 0 || !_isLost)
                return;
        }

        End();
    }

    public IMovable? Find(uint id)
    {
        lock (_lock)
            return _streams.GetValueOrDefault(id);
    }

    /// <summary>Notes that a stream has received something, which the peer is told soon. Called without a stream's lock.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="received">What has come of it.</param>
    public void OnReceived(IMovable stream, ReceivedBytes received)
    {
        if (Keeps)
            _acks.Add(stream, received);
    }

    /// <summary>Keeps a stream that has ended in order until the peer has its end, too. Called without a stream's lock.</summary>
    /// <returns>False when the streams of the tunnel are over, so that the peer asks for nothing any more.</returns>
    public bool TryKeepEnded(IMovable stream)
    {
        IMovable? oldest = null;
        lock (_lock)
        {
            if (_isOver)
                return false;
            while (_ended.TryPeek(out var first) && first.IsSettled)
                _ended.Dequeue();
            _ended.Enqueue(stream);
            if (_ended.Count > MostEnded)
                oldest = _ended.Dequeue();
        }

        oldest?.ForgetEnded();
        return true;
    }

    /// <summary>Handles an ACK of the peer.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    public string? OnAcknowledged(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty || payload.Length % AckQueue.EntrySize != 0)
            return $"has {payload.Length} bytes, which is not a number of entries of {AckQueue.EntrySize}";
        for (; !payload.IsEmpty; payload = payload[AckQueue.EntrySize..])
        {
            var id = BinaryPrimitives.ReadUInt32BigEndian(payload);
            var offset = BinaryPrimitives.ReadInt64BigEndian(payload[sizeof(uint)..]);
            var stream = Find(id);
            if (stream is null && offset == AckQueue.Everything && IsHub)
                NoteOverEarly(id);
            if (offset < 0 || stream?.TryAcknowledge(this, id, offset) == false)
                return $"stream {id} has not sent what it acknowledges";
        }

        return null;
    }

    // Hub: an acknowledgement on the control stream may overtake the opening of a stream that the edge has reset at once.
    private void NoteOverEarly(uint id)
    {
        lock (_lock)
        {
            if (!_opened.Contains(id) && _overEarly.Count < MostEnded)
                _overEarly.Add(id);
        }
    }

    /// <summary>The tunnel has ended. Called before its streams are.</summary>
    /// <param name="grace">How long they wait for another tunnel; zero: they end with it.</param>
    public void OnEnded(TimeSpan grace)
    {
        bool isOver;
        lock (_lock)
        {
            _isLost = true;
            _tally.Begin(_streams.Values.Where(stream => !stream.IsOver && stream.Needs(this)));
            isOver = grace <= TimeSpan.Zero || _streams.Count == 0;
            if (!isOver)
                _grace = Time.CreateGuardedTimer(static self => self.End(), this, grace, Timeout.InfiniteTimeSpan);
        }

        _acks.Stop();
        if (isOver)
            End();
    }

    /// <summary>Ends all streams that still wait.</summary>
    public void End()
    {
        IMovable[] left;
        lock (_lock)
        {
            if (_isOver)
                return;
            _isOver = true;
            _grace?.Dispose();
            left = [.. _streams.Values];
            _streams.Clear();
            _ended.Clear();
            _letGo.Clear();
        }

        foreach (var stream in left)
            Defects.Run("ending a stream of a lost tunnel", () => stream.GiveUp(this));
        _tally.End();
        if (Keeps)
            Share.Close();
        _settled.TrySetResult();
    }
}
