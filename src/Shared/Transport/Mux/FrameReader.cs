using System.Buffers;
using System.Runtime.CompilerServices;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport.Mux.Core;
using Tunnel.Shared.Transport.Mux.Frames;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Mux;

/// <summary>
/// The tunnel's read loop: it decrypts as much as is there into one buffer and hands whole frames (of DATA, the bytes that have come) to
/// the dispatcher. A tunnel that carries nothing holds no buffer.
/// </summary>
internal sealed class FrameReader(MuxCore core, IFrameConnection connection, FrameDispatcher dispatcher)
{
    private const int BufferSize = 128 << 10;

    // SslStream returns a record or two per read; what the peer sent as one batch is gathered before it is processed.
    private const int RecordSize = 16 << 10;
    private const int GatherSize = FrameBatch.Size;

    // What processing a record costs beyond its bytes, expressed in bytes: some records change keys.
    private const int RecordCost = 1 << 10;

    /// <summary>Bytes that are read, with the cost of their records, before other sockets have their turn.</summary>
    private const int InlineBytes = GatherSize + (8 * RecordCost);

    /// <summary>The cost of frames, in units of the smallest frame, after which other sockets have their turn.</summary>
    private const int InlineFrames = 256;

    private const long IdleMilliseconds = 1_000;

    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private int _inline;
    private int _inlineFrames;
    private long _lastData;

    /// <summary>Takes bytes that another reader of the connection has read, before the first <see cref="RunAsync"/>.</summary>
    public void Begin(ReadOnlyMemory<byte> received)
    {
        Rent(received.Length);
        received.CopyTo(_buffer);
        _end = received.Length;
    }

    /// <summary>Reads until the connection ends, or until the mux stops reading; it can then go on.</summary>
    /// <returns>Why the connection has ended; null when the mux stops reading.</returns>
    /// <exception cref="FrameViolationException">The peer broke the protocol.</exception>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async Task<TunnelEnd?> RunAsync()
    {
        do
            await DispatchAsync();
        while (!core.StopsReading && await ReadAsync());
        if (core.StopsReading)
            return null;

        // Process what came together with the end.
        await DispatchAsync();
        if (core.StopsReading)
            return null;

        // This is not done on an exception, when a read into the buffer may be under way.
        Return();
        return new TunnelEnd(TunnelEndKind.PeerClosed, "the peer closed the connection");
    }

    /// <summary>Returns what was read and not processed, after the last <see cref="RunAsync"/>.</summary>
    public ReadOnlyMemory<byte> TakeRest()
    {
        var rest = _buffer.AsSpan(_start, _end - _start).ToArray();

        // The buffer is left to the garbage collector, as after an exception.
        (_buffer, _start, _end) = ([], 0, 0);
        return rest;
    }

    // Does one read, and further ones while they need no wait.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ReadAsync()
    {
        await MakeRoomAsync();

        // Read up to the end of a frame that has begun and not beyond it, so that each following frame is passed on in one piece.
        var until = Math.Min(_buffer.Length, _end + (dispatcher.DataLeft > 0 ? Math.Min(GatherSize, dispatcher.DataLeft) : GatherSize));
        while (true)
        {
            var reading = connection.ReadAsync(_buffer.AsMemory(_end, until - _end));
            var waits = !reading.IsCompleted;

            // The gathered bytes must not wait for more, nor be lost when the connection breaks.
            if (!reading.IsCompletedSuccessfully)
                await DispatchAsync();
            var count = await reading;
            if (waits)
                BeginTurn();
            if (count == 0)
                return false;
            _end += count;
            _inline += count + ((connection.Gathering?.TakeRecords() ?? 0) * RecordCost);
            if (count < RecordSize / 2 || _end == until)
                return true;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask MakeRoomAsync()
    {
        if (_inline > InlineBytes)
            await YieldAsync();

        if (_start == _end)
        {
            _start = _end = 0;
            if (core.Context.NowMilliseconds - _lastData < IdleMilliseconds)
                return;
            Return();
            var waiting = connection.ReadAsync(Memory<byte>.Empty);
            var waits = !waiting.IsCompleted;
            _ = await waiting;
            if (waits)
                BeginTurn();
            Rent();
        }
        else if (_buffer.Length - _end < RecordSize)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
    }

    private ValueTask DispatchAsync() => Dispatch() ? ValueTask.CompletedTask : DispatchInTurnsAsync();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask DispatchInTurnsAsync()
    {
        do
        {
            // Nothing is read meanwhile: so a peer that does not take its frames can't make the backlog grow.
            if (dispatcher.IsHeldBack)
            {
                core.Wake();
                await core.WaitForEndingsAsync();
            }

            await YieldAsync();
        }
        while (!Dispatch());
    }

    /// <returns>False when the turn has ended before all was processed, or an opening is held back.</returns>
    private bool Dispatch()
    {
        if (_start == _end)
            return true;
        var consumed = dispatcher.Process(_buffer.AsSpan(_start, _end - _start), InlineFrames - _inlineFrames);
        _start += consumed.Bytes;
        _inlineFrames += consumed.Cost;
        if (consumed.CarriedData)
            _lastData = core.Context.NowMilliseconds;
        return !dispatcher.IsHeldBack && (_inlineFrames < InlineFrames || _start == _end);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask YieldAsync()
    {
        await connection.Loop.Yield();
        BeginTurn();
    }

    private void BeginTurn() => _inline = _inlineFrames = 0;

    private void Rent(int atLeast = 0) => _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(BufferSize, atLeast + RecordSize));

    private void Return()
    {
        var buffer = _buffer;
        _buffer = [];
        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer);
    }
}
