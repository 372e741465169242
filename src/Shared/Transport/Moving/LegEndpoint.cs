using System.Buffers.Binary;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// The local end and the observer of a leg's carrier: data goes straight to the halves of the stream, and all else to
/// <see cref="ILegEvents"/>.
/// </summary>
internal sealed class LegEndpoint : ILegEndpoint
{
    private readonly MovableSender _sender;
    private readonly MovableReceiver _receiver;
    private readonly ILegEvents _events;
    private readonly byte[]? _answer;
    private int _answered;

    /// <summary>Creates a leg and its end.</summary>
    /// <param name="sender">The stream's sending half.</param>
    /// <param name="receiver">Its receiving half.</param>
    /// <param name="events">Hears what happens to the leg.</param>
    /// <param name="awaited">The bytes that the peer says before its first data, by which this end knows how to go on.</param>
    public LegEndpoint(MovableSender sender, MovableReceiver receiver, ILegEvents events, int awaited)
    {
        (_sender, _receiver, _events) = (sender, receiver, events);
        _answer = awaited == 0 ? null : new byte[awaited];
        Leg = new StreamLeg(this, isOpen: awaited == 0);
    }

    /// <summary>The leg.</summary>
    public StreamLeg Leg { get; }

    public void Start(ITunnelStream carrier) => _events.OnCarrier(Leg, carrier);

    public LocalReadStatus TryRead(Span<byte> buffer, out int count) => _sender.Read(Leg, buffer, out count);

    public bool ArmRead() => _sender.ArmRead(Leg);

    public void ParkRead() => _sender.ParkRead(Leg);

    public int TryWrite(ReadOnlySpan<byte> data)
    {
        var answer = TakeAnswer(data);
        data = data[answer..];
        var written = data.IsEmpty ? 0 : _receiver.Write(Leg, data);
        return written < 0 ? -1 : answer + written;
    }

    public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data)
    {
        data = data[TakeAnswer(data.Span)..];
        return data.IsEmpty ? new ValueTask<bool>(true) : _receiver.WriteAsync(Leg, data);
    }

    public void ShutdownWrite() => _events.OnPeerEnd(Leg);

    public void Close() => _events.OnClose(Leg);

    public void Reset(bool flush) => _events.OnReset(Leg, flush);

    public void OnStreamClosed(ITunnelStream carrier, in StreamEnd end) => _events.OnCarrierEnded(Leg, end);

    // Takes the beginning of what the peer sends on a stream that was moved. Returns the bytes that are not yet data.
    private int TakeAnswer(ReadOnlySpan<byte> data)
    {
        if (_answer is null || _answered == _answer.Length)
            return 0;
        var count = Math.Min(data.Length, _answer.Length - _answered);
        data[..count].CopyTo(_answer.AsSpan(_answered));
        _answered += count;
        if (_answered < _answer.Length)
            return count;
        if (_answer.Length == StreamLeg.BeginningSize)
            _events.OnBeginning(Leg, BinaryPrimitives.ReadInt64BigEndian(_answer));
        else
            _events.OnAnswer(Leg, StreamPoint.Read(_answer));
        return count;
    }
}
