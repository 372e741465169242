using System.Buffers;
using System.Runtime.CompilerServices;
using Tunnel.Shared.Protocol.Frames;

namespace Tunnel.Shared.Transport.Tls;

/// <summary>
/// The tunnel's read loop: decrypts into one buffer, as much as is there, and hands whole frames (of DATA whatever has come) to the dispatcher. A tunnel
/// that carries nothing holds no buffer.
/// </summary>
internal sealed class FrameReader(MuxTunnel tunnel, TlsConnection connection, FrameDispatcher dispatcher)
{
    private const int BufferSize = 128 << 10;

    // SslStream gives a record or two a read; what is sent as one batch is gathered before it is looked at.
    private const int RecordSize = 16 << 10;
    private const int GatherSize = FrameWriter.BatchSize;

    /// <summary>Bytes that are read before other sockets have their turn.</summary>
    private const int InlineBytes = 64 << 10;

    private const long IdleMilliseconds = 1_000;

    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private int _inline;
    private long _lastData;

    /// <summary>Reads until the connection ends; returns why.</summary>
    /// <param name="received">What came with the handshake.</param>
    /// <exception cref="FrameViolationException">The peer broke the protocol.</exception>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async Task<TunnelEnd> RunAsync(ReadOnlyMemory<byte> received)
    {
        Rent(received.Length);
        received.CopyTo(_buffer);
        _end = received.Length;
        Dispatch();
        while (await ReadAsync()) Dispatch();

        // What came together with the end.
        Dispatch();

        // Not on an exception: a read into the buffer may be under way then.
        Return();
        return new TunnelEnd(TunnelEndKind.PeerClosed, "the peer closed the connection");
    }

    // One read, and further ones while they cost no wait.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ReadAsync()
    {
        await MakeRoomAsync();

        // Up to the end of a frame that has begun and not beyond it, so that the next ones are passed on in one piece each.
        var until = Math.Min(_buffer.Length, _end + (dispatcher.DataLeft > 0 ? Math.Min(GatherSize, dispatcher.DataLeft) : GatherSize));
        while (true)
        {
            var reading = connection.Stream.ReadAsync(_buffer.AsMemory(_end, until - _end));
            var waits = !reading.IsCompleted;

            // What was gathered must not wait, nor be lost with a connection that breaks.
            if (!reading.IsCompletedSuccessfully) Dispatch();
            var count = await reading;
            if (waits) _inline = 0;
            if (count == 0) return false;
            _end += count;
            _inline += count;
            if (count < RecordSize / 2 || _end == until) return true;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask MakeRoomAsync()
    {
        if (_inline > InlineBytes)
        {
            await connection.Loop.Yield();
            _inline = 0;
        }

        if (_start == _end)
        {
            _start = _end = 0;
            if (tunnel.Context.NowMilliseconds - _lastData < IdleMilliseconds) return;
            Return();
            _ = await connection.Stream.ReadAsync(Memory<byte>.Empty);
            _inline = 0;
            Rent();
        }
        else if (_buffer.Length - _end < RecordSize)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
    }

    private void Dispatch()
    {
        if (_start == _end) return;
        var consumed = dispatcher.Process(_buffer.AsSpan(_start, _end - _start));
        _start += consumed.Bytes;
        if (consumed.CarriedData) _lastData = tunnel.Context.NowMilliseconds;
    }

    private void Rent(int atLeast = 0) => _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(BufferSize, atLeast + RecordSize));

    private void Return()
    {
        var buffer = _buffer;
        _buffer = [];
        if (buffer.Length > 0) ArrayPool<byte>.Shared.Return(buffer);
    }
}
