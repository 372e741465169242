using System.Buffers.Binary;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// One tunnel's part in the life of a <see cref="MovableStream"/>: local end and observer of the stream of that tunnel, its carrier.
/// A leg that is not the stream's present one takes nothing and gives nothing.
/// </summary>
/// <param name="stream">The stream.</param>
/// <param name="awaited">The bytes that the peer says before its first data, by which this end knows how to go on.</param>
internal sealed class StreamLeg(MovableStream stream, int awaited = 0) : ILocalEndpoint, IStreamObserver
{
    /// <summary>The bytes before the first data of the hub on a stream whose tunnel was lost.</summary>
    public const int AnswerSize = 2 * sizeof(long);

    /// <summary>The bytes before the first data of either end on a stream whose former tunnel lives.</summary>
    public const int BeginningSize = sizeof(long);

    private readonly byte[]? _answer = awaited == 0 ? null : new byte[awaited];
    private int _answered;
    private ReadOnlyMemory<byte> _unsaid;

    /// <summary>The stream of the tunnel; null until it is known.</summary>
    public ITunnelStream? Carrier { get; set; }

    /// <summary>The streams of the tunnel, if they may be moved to another one.</summary>
    public MovableStreams? Table { get; set; }

    /// <summary>Whether what is sent here is kept until the peer has it, since the tunnel may take it along when it is lost.</summary>
    public bool Keeps => Table is { Keeps: true };

    /// <summary>Edge: the tunnel to which the stream was moved; null for the first leg.</summary>
    public ITunnel? Tunnel { get; init; }

    /// <summary>The leg before, whose tunnel may still know the stream.</summary>
    public StreamLeg? Previous { get; set; }

    /// <summary>Whether data may be sent. It is set under both locks of the stream.</summary>
    public bool IsOpen { get; set; } = awaited == 0;

    /// <summary>Whether this end goes on over another leg, and says nothing more here. It is set under both locks of the stream.</summary>
    public bool IsLeft { get; set; }

    /// <summary>Whether something is still to be said before any data. Guarded by the stream's lock of sending.</summary>
    public bool HasUnsaid => !_unsaid.IsEmpty;

    /// <summary>How the carrier has reset its local end: flushing or not; null when it has not. Guarded by the lock of receiving.</summary>
    public bool? WasReset { get; set; }

    /// <summary>True when the end of the carrier is the end of the stream. Guarded by the lock of receiving.</summary>
    public bool IsLast { get; set; }

    /// <summary>Hub: sets what is said before any data on a stream whose tunnel was lost.</summary>
    /// <param name="received">The offset before which the hub has received everything.</param>
    /// <param name="from">The offset from which the hub can send again.</param>
    public void Answer(long received, long from)
    {
        var answer = new byte[AnswerSize];
        BinaryPrimitives.WriteInt64BigEndian(answer, received);
        BinaryPrimitives.WriteInt64BigEndian(answer.AsSpan(sizeof(long)), from);
        _unsaid = answer;
    }

    /// <summary>Sets what is said before any data on a stream whose former tunnel lives.</summary>
    /// <param name="offset">Where what this end sends here begins.</param>
    public void Begin(long offset)
    {
        var beginning = new byte[BeginningSize];
        BinaryPrimitives.WriteInt64BigEndian(beginning, offset);
        _unsaid = beginning;
    }

    /// <summary>Copies what is still to be said. Called with the stream's lock of sending held.</summary>
    /// <returns>The bytes copied.</returns>
    public int TakeUnsaid(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _unsaid.Length);
        _unsaid.Span[..count].CopyTo(buffer);
        _unsaid = _unsaid[count..];
        return count;
    }

    /// <summary>Calls the carrier on another thread, since the stream's locks may be held.</summary>
    public void Later(Action<ITunnelStream> action) =>
        ThreadPool.UnsafeQueueUserWorkItem(static call => call.action(call.Carrier), (action, Carrier: Carrier!), preferLocal: false);

    public void Start(ITunnelStream carrier) => stream.OnCarrier(this, carrier);

    public LocalReadStatus TryRead(Span<byte> buffer, out int count) => stream.Sender.Read(this, buffer, out count);

    public bool ArmRead() => stream.Sender.ArmRead(this);

    public void ParkRead() => stream.Sender.ParkRead(this);

    public int TryWrite(ReadOnlySpan<byte> data)
    {
        var answer = TakeAnswer(data);
        data = data[answer..];
        var written = data.IsEmpty ? 0 : stream.Receiver.Write(this, data);
        return written < 0 ? -1 : answer + written;
    }

    public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data)
    {
        data = data[TakeAnswer(data.Span)..];
        return data.IsEmpty ? new ValueTask<bool>(true) : stream.Receiver.WriteAsync(this, data);
    }

    public void ShutdownWrite() => stream.Receiver.OnPeerEnd(this);

    public void Close() => stream.Receiver.Close(this);

    public void Reset(bool flush) => stream.OnReset(this, flush);

    public void OnStreamClosed(ITunnelStream carrier, in StreamEnd end) => stream.OnCarrierEnded(this, end);

    // Takes the beginning of what the peer sends on a stream that was moved. Returns the bytes that are not yet data.
    private int TakeAnswer(ReadOnlySpan<byte> data)
    {
        if (_answer is null || _answered == awaited)
            return 0;
        var count = Math.Min(data.Length, awaited - _answered);
        data[..count].CopyTo(_answer.AsSpan(_answered));
        _answered += count;
        if (_answered < awaited)
            return count;
        var first = BinaryPrimitives.ReadInt64BigEndian(_answer);
        if (awaited == BeginningSize)
            stream.HandOvers.OnBeginning(this, first);
        else
            stream.Legs.OnAnswer(this, first, BinaryPrimitives.ReadInt64BigEndian(_answer.AsSpan(sizeof(long))));
        return count;
    }
}
