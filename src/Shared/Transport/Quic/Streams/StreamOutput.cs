using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Flow;
using Tunnel.Shared.Transport.Quic.Core;
using Tunnel.Shared.Transport.Quic.Native;

namespace Tunnel.Shared.Transport.Quic.Streams;

/// <summary>
/// The sending half of a stream: pulls from the local socket into native blocks while there is room, else the bytes wait in the kernel. The
/// limit of bytes under way starts small and grows as the peer takes them, up to msquic's ideal for the path, so that a stream whose peer
/// is stuck costs little; bytes beyond the first limit are counted in the memory budget.
/// </summary>
internal sealed class StreamOutput(QuicCore core, StalledStreams stalled, QuicStream stream) : IThreadPoolWorkItem
{
    private const int FirstLimit = 64 << 10;
    private const int LeastIdeal = 256 << 10;
    private const int LargestLimit = 8 << 20;

    /// <summary>The bytes that a thread sends before others get their turn.</summary>
    private const int Turn = 1 << 20;

    private readonly Lock _lock = new();
    private readonly OutputPriority _priority = new(stalled, stream);
    private ILocalEndpoint? _endpoint;
    private StreamOpening? _opening;
    private RateMeter? _meter;
    private int _requests;
    private int _held;
    private int _counted;
    private int _limit = FirstLimit;
    private int _ideal = LeastIdeal;
    private int _sinceGrowth;
    private bool _blocked;
    private bool _filled;
    private long _bytes;
    private long _lastProgress;

    /// <summary>Bytes that went from the local peer into the core.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>True while there is no room; nothing is read until the peer has acknowledged something.</summary>
    public bool IsBlocked
    {
        get
        {
            lock (_lock)
                return _blocked;
        }
    }

    /// <summary>True while something that was sent is not known to have arrived.</summary>
    public bool HasUnacknowledged
    {
        get
        {
            lock (_lock)
                return _held > 0;
        }
    }

    /// <summary>When the peer last acknowledged something, in milliseconds of the context's clock.</summary>
    public long LastProgress => Volatile.Read(ref _lastProgress);

    /// <summary>Sets the local end.</summary>
    /// <param name="endpoint">The endpoint to pull from.</param>
    /// <param name="opening">Edge: the content of the opening lines, which are sent first.</param>
    public void Begin(ILocalEndpoint endpoint, StreamOpening? opening)
    {
        _endpoint = endpoint;
        _opening = opening;
        Request();
    }

    /// <summary>Sends what it can, because there may be data or room for it. Only one thread at a time does the work.</summary>
    public void Request()
    {
        if (Interlocked.Increment(ref _requests) > 1)
            return;
        var more = false;
        int seen;
        do
        {
            seen = Volatile.Read(ref _requests);
            more = Pump();
        }
        while (Interlocked.Add(ref _requests, -seen) > 0);

        if (more)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        try
        {
            Request();
        }
        catch (Exception e)
        {
            // On the thread pool an exception would end the process.
            core.NoteDefect(e);
            stream.Reset(ResetReason.Unspecified);
        }
    }

    /// <summary>Takes msquic's figure of how many bytes must be under way to fill the path.</summary>
    public void OnIdealSize(ulong bytes)
    {
        lock (_lock)
            _ideal = (int)Math.Clamp(bytes, LeastIdeal, LargestLimit);
    }

    /// <summary>A block has arrived or was given up. Called on a worker of msquic.</summary>
    public unsafe void OnSent(nint context)
    {
        var block = (NativeBlock*)context;
        var bytes = (int)block->Buffer.Length;
        bool wake;
        bool allDone;
        lock (_lock)
        {
            _held -= block->Capacity;
            _counted -= block->Counted;
            _sinceGrowth += bytes;
            if (_sinceGrowth >= _limit && _limit < _ideal)
            {
                _limit = Math.Min(_limit * 2, _ideal);
                _sinceGrowth = 0;
            }

            allDone = _held == 0;
            wake = _blocked;
            _blocked = false;
        }

        Volatile.Write(ref _lastProgress, core.Context.NowMilliseconds);
        Return(block);
        _priority.OnProgress();
        if (allDone)
            stream.OnAllAcknowledged();
        if (wake)
            Request();
    }

    // Returns true when it stopped only to give others their turn.
    private bool Pump()
    {
        for (var carried = 0; carried < Turn;)
        {
            if (_endpoint is not { } endpoint || !stream.CanSend)
                return false;
            if (!TryMakeRoom(out var pool, out var counted))
            {
                _priority.OnBlocked();
                endpoint.ParkRead();
                stream.Life.OnBlocked();
                return false;
            }

            var status = ReadAndSend(endpoint, pool, counted, out var count, out var drained);
            carried += count;
            switch (status)
            {
                case LocalReadStatus.Data when !drained:
                    continue;
                case LocalReadStatus.Data or LocalReadStatus.WouldBlock:
                    _meter?.RecordIdle(core.Context.NowMilliseconds);
                    if (endpoint.ArmRead())
                        continue;
                    return false;
                case LocalReadStatus.EndOfFile:
                    stream.OnLocalEnd();
                    return false;
                default:
                    stream.Life.OnLocalReset();
                    return false;
            }
        }

        return true;
    }

    private unsafe LocalReadStatus ReadAndSend(ILocalEndpoint endpoint, BlockPool pool, int counted, out int count, out bool drained)
    {
        var block = pool.Rent();
        block->Counted = counted;
        var used = WriteLines(block->Room);
        var room = block->Room[used..];
        var status = endpoint.TryRead(room, out count);
        drained = count < room.Length;
        _filled = !drained;
        used += count;
        if (used == 0)
        {
            Release(block);
            return status;
        }

        if (used <= BlockPool.Tiny.Capacity)
            block = Shrink(block, used);
        block->Buffer.Length = (uint)used;
        Measure(count);
        if (QuicStatus.Failed(stream.Handle.Send(&block->Buffer, (nint)block)))
            Release(block);
        return status;
    }

    // Moves small messages into small blocks, so that many can be under way.
    private unsafe NativeBlock* Shrink(NativeBlock* block, int used)
    {
        var tiny = BlockPool.Tiny.Rent();
        block->Room[..used].CopyTo(tiny->Room);
        tiny->Counted = 0;
        lock (_lock)
            _held += tiny->Capacity;
        Release(block);
        return tiny;
    }

    private int WriteLines(Span<byte> buffer)
    {
        if (_opening is not { } opening)
            return 0;
        _opening = null;
        return opening.Write(buffer, Math.Max(opening.RoutingPort, 1));
    }

    // A stream that sends little gets small blocks: each is held until the peer has acknowledged it.
    private bool TryMakeRoom(out BlockPool pool, out int counted)
    {
        counted = 0;
        lock (_lock)
        {
            pool = _filled && _limit - _held >= BlockPool.Large.Capacity ? BlockPool.Large : BlockPool.Small;
            var isFree = _held + pool.Capacity <= FirstLimit;
            if (_held + pool.Capacity > _limit || (!isFree && !TryCount(pool.Capacity, out counted)))
            {
                // Something is under way here, since the first limit needs no budget; its acknowledgement will make room again.
                _blocked = true;
                return false;
            }

            _held += pool.Capacity;
            _counted += counted;
            return true;
        }
    }

    // The last quarter of the budget is only for received bytes.
    private bool TryCount(int bytes, out int counted)
    {
        var budget = core.Context.Flow.Budget;
        counted = !budget.IsShort && budget.TryTake(bytes) ? bytes : 0;
        return counted > 0;
    }

    private void Measure(int count)
    {
        Volatile.Write(ref _bytes, _bytes + count);
        core.Traffic.CountSent(count);
        var now = core.Context.NowMilliseconds;
        if (_meter is null)
        {
            if (_bytes < RateMeter.MeteredBytes)
                return;
            _meter = new RateMeter(now);
        }

        if (_meter.Record(now, count))
            _priority.IsSustained = _meter.IsSustained;
    }

    private unsafe void Release(NativeBlock* block)
    {
        lock (_lock)
        {
            _held -= block->Capacity;
            _counted -= block->Counted;
        }

        Return(block);
    }

    private unsafe void Return(NativeBlock* block)
    {
        if (block->Counted > 0)
            core.Context.Flow.Budget.Return(block->Counted);
        block->Counted = 0;
        BlockPool.Of(block).Return(block);
    }
}
