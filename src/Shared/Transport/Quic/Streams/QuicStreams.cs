using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport.Quic.Core;
using Tunnel.Shared.Transport.Quic.Native;

namespace Tunnel.Shared.Transport.Quic.Streams;

/// <summary>
/// The streams of a tunnel: opens them in the order of their ids, lets only so many begin or end at once, and ends them with the tunnel.
/// The core's lock guards the <see cref="QuicStreamTable"/>.
/// </summary>
internal sealed class QuicStreams(QuicCore core, StreamIds ids, IStreamsOwner owner)
{
    // Makes streams start in the order of their ids. No callback takes this lock, because calls under it may have to wait for a callback.
    private readonly Lock _opening = new();
    private readonly QuicStreamTable _table = new(core.IsEdge);
    private readonly StreamAllowance _allowance = new();
    private bool _nativeOver;

    public QuicCore Core => core;

    /// <summary>Finds the streams whose peers take nothing.</summary>
    public StalledStreams Stalled { get; } = new(core.Context);

    /// <summary>The number of streams that have not ended for their owners.</summary>
    public int Active => _table.Unfinished;

    /// <summary>Completes when the streams' ids run low.</summary>
    public Task NumbersEnding => ids.Ending;

    /// <summary>Completes when no native stream is left after <see cref="Close"/>.</summary>
    public Task NativesGone => _table.NativesGone;

    /// <summary>Edge: the number of streams that begin or end, see <see cref="QuicStreamTable.UnderWay"/>.</summary>
    public int UnderWay
    {
        get
        {
            lock (core.Sync)
                return _table.UnderWay.Count;
        }
    }

    /// <summary>Edge: false while so many streams begin or end that one more would delay the open ones.</summary>
    public bool HasRoom
    {
        get
        {
            lock (core.Sync)
                return core.IsDead || !_table.UnderWay.IsFull;
        }
    }

    /// <summary>The highest id that was opened so far. Called with the core's lock held.</summary>
    public uint HighestId => _table.HighestId;

    // ---- owner's calls

    /// <summary>Edge: opens a stream for a client and starts to carry it.</summary>
    /// <returns>Null when the tunnel takes no new streams or has no room; the endpoint was then not touched.</returns>
    public QuicStream? Open(in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer)
    {
        QuicStream stream;
        lock (_opening)
        {
            lock (core.Sync)
            {
                if (!core.TakesNew
                    || !_table.UnderWay.TryPass(core.Context.NowMilliseconds)
                    || !_table.Endings.TryPass(core.Context.NowMilliseconds))
                {
                    return null;
                }
            }

            if (ids.Next() is not (> 0 and var id) || QuicStream.Open(this, id, observer) is not { } opened)
                return null;
            stream = opened;
            if (!TryAdd(stream))
            {
                stream.Handle.Dispose();
                return null;
            }

            stream.Start();
        }

        stream.Begin(endpoint, opening);
        return stream;
    }

    /// <summary>Edge: completes when there is room for several streams, or when the tunnel has ended.</summary>
    public Task WaitForRoomAsync()
    {
        lock (core.Sync)
            return core.IsDead ? Task.CompletedTask : _table.UnderWay.WaitAsync();
    }

    /// <summary>Completes when all streams have ended for their owners, or when the tunnel has ended.</summary>
    public Task WaitForAllAsync()
    {
        lock (core.Sync)
            return core.IsDead ? Task.CompletedTask : _table.WhenFinished();
    }

    /// <summary>Why the tunnel must be ended, when its peer does not answer; else null. Called with the core's lock held.</summary>
    /// <param name="isHeard">True when the peer gives signs of life: silence has its own time limit.</param>
    public TunnelEnd? FindOverdue(bool isHeard) => _table.FindOverdue(core.Context.NowMilliseconds, isHeard);

    // ---- the tunnel's end

    /// <summary>Resets all streams, because the tunnel is being closed. No new streams will come.</summary>
    public void Close()
    {
        QuicStream[] streams;
        lock (core.Sync)
        {
            streams = _table.ToArray();
            _table.Close();
        }

        foreach (var stream in streams)
            stream.Reset(ResetReason.ShuttingDown);
    }

    /// <summary>Ends all streams, because the tunnel has ended.</summary>
    public void LoseAll()
    {
        QuicStream[] streams;
        lock (core.Sync)
        {
            streams = _table.ToArray();
            _table.UnderWay.Release();
        }

        foreach (var stream in streams)
            stream.Life.OnTunnelLost();
    }

    /// <summary>The connection is closed: all streams have had their last event.</summary>
    public void OnConnectionClosed()
    {
        lock (core.Sync)
        {
            _nativeOver = true;
            // Another thread may be just ending a stream; the thread that ends the last one goes on.
            if (_table.Unfinished > 0)
                return;
        }

        owner.OnStreamsOver();
    }

    // ---- events of the connection and the streams

    /// <summary>The peer opens a stream. Called on a worker of msquic.</summary>
    /// <returns>A status of msquic; a failure refuses the stream.</returns>
    public int OnPeerStream(nint handle)
    {
        if (core.IsEdge)
            return QuicStatus.AbortedByUser;
        var stream = QuicStream.Adopt(this, handle);
        bool late;
        ushort? allowed;
        lock (core.Sync)
        {
            _table.Add(stream);
            _table.Endings.TryPass(core.Context.NowMilliseconds);
            allowed = _allowance.Raise(_table.Unfinished);
            late = !core.ServesOpens;
        }

        if (allowed is { } streams)
            core.Connection.Handle.Apply(new NativeSettings { PeerBidirectionalStreams = streams });
        if (late)
            stream.Reset(ResetReason.ShuttingDown);
        return QuicStatus.Success;
    }

    /// <summary>The opening lines of a stream have come.</summary>
    public void OnOpened(QuicStream stream, in StreamOpening opening) => owner.OnStreamOpened(stream, opening);

    /// <summary>Edge: a stream only waits for the peer's answer to its end.</summary>
    public void OnEnding()
    {
        lock (core.Sync)
            _table.UnderWay.Add();
    }

    /// <summary>Edge: a stream's beginning has arrived, or a stream that was ending has ended.</summary>
    public void OnPassed()
    {
        lock (core.Sync)
            _table.UnderWay.OnSent(core.Context.NowMilliseconds);
    }

    /// <summary>A stream has ended for its owner.</summary>
    public void OnFinished()
    {
        bool over;
        lock (core.Sync)
            over = _table.Finish() && _nativeOver;
        if (over)
            owner.OnStreamsOver();
    }

    /// <summary>Removes a stream whose native stream has ended.</summary>
    public void Remove(QuicStream stream)
    {
        lock (core.Sync)
            _table.Remove(stream, core.Context.NowMilliseconds);
    }

    private bool TryAdd(QuicStream stream)
    {
        lock (core.Sync)
        {
            if (core.IsDead)
                return false;
            _table.Add(stream);
            _table.UnderWay.Add();
        }

        return true;
    }
}
