using System.Buffers.Binary;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Moving.Tables;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// One tunnel's part in the life of a <see cref="MovableStream"/>. A leg that is not the stream's present one takes nothing and gives
/// nothing.
/// </summary>
/// <param name="endpoint">What the stream of that tunnel, the leg's carrier, sees of it.</param>
/// <param name="isOpen">False when the peer has something to say first, by which this end knows how to go on.</param>
internal sealed class StreamLeg(ILegEndpoint endpoint, bool isOpen)
{
    /// <summary>The bytes before the first data of either end on a stream whose former tunnel lives.</summary>
    public const int BeginningSize = sizeof(long);

    private ReadOnlyMemory<byte> _unsaid;

    /// <summary>What the carrier sees.</summary>
    public ILegEndpoint Endpoint => endpoint;

    /// <summary>The stream of the tunnel; null until it is known.</summary>
    public ITunnelStream? Carrier { get; set; }

    /// <summary>The streams of the tunnel, if they may be moved to another one.</summary>
    public MovableStreams? Table { get; set; }

    /// <summary>Whether what is sent here is kept until the peer has it, since the tunnel may take it along when it is lost.</summary>
    public bool Keeps => Table is { Keeps: true };

    /// <summary>Edge: the tunnel to which the stream was moved or is handed over; null for the first leg, and at the hub.</summary>
    public ITunnel? Tunnel { get; set; }

    /// <summary>The leg before, whose tunnel may still know the stream.</summary>
    public StreamLeg? Previous { get; set; }

    /// <summary>
    /// Edge: the leg from which the stream was handed over to this one, until the hub says that it has all that was sent there: if its
    /// tunnel is lost before, that is sent again. It is set under both locks of the stream.
    /// </summary>
    public StreamLeg? Unconfirmed { get; set; }

    /// <summary>Whether the peer has all that was sent before this leg. Guarded by the stream's lock of sending.</summary>
    public bool IsConfirmed { get; set; }

    /// <summary>The offset of the first byte that is sent here, where the stream was handed over to this leg.</summary>
    public long BeginsAt { get; private set; }

    /// <summary>What the peer is told of that: one more where the end was sent before.</summary>
    public long Beginning { get; private set; }

    /// <summary>Whether data may be sent. It is set under both locks of the stream.</summary>
    public bool IsOpen { get; set; } = isOpen;

    /// <summary>Whether this end goes on over another leg, and says nothing more here. It is set under both locks of the stream.</summary>
    public bool IsLeft { get; set; }

    /// <summary>Whether something is still to be said before any data. Guarded by the stream's lock of sending.</summary>
    public bool HasUnsaid => !_unsaid.IsEmpty;

    /// <summary>How the carrier has reset its local end: flushing or not; null when it has not. Guarded by the lock of receiving.</summary>
    public bool? WasReset { get; set; }

    /// <summary>True when the end of the carrier is the end of the stream. Guarded by the lock of receiving.</summary>
    public bool IsLast { get; set; }

    /// <summary>Hub: sets what is said before any data on a stream whose tunnel was lost.</summary>
    /// <param name="point">How far the hub has got.</param>
    public void Answer(StreamPoint point) => _unsaid = point.Write();

    /// <summary>Sets what is said before any data on a stream whose former tunnel lives.</summary>
    /// <param name="at">Where what this end sends here begins.</param>
    /// <param name="offset">The same, or one more where the end was sent before.</param>
    public void Begin(long at, long offset)
    {
        (BeginsAt, Beginning) = (at, offset);
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

    /// <summary>
    /// Calls the carrier on another thread, since the stream's locks may be held. A caller's own context, which a test may have, says when.
    /// </summary>
    public void Later(Action<ITunnelStream> action) => Later(Carrier!, action);

    /// <inheritdoc cref="Later(Action{ITunnelStream})"/>
    public static void Later(ITunnelStream carrier, Action<ITunnelStream> action)
    {
        var call = (action, carrier);
        if (SynchronizationContext.Current is { } context)
            context.Post(static state => Call(((Action<ITunnelStream>, ITunnelStream))state!), call);
        else
            ThreadPool.UnsafeQueueUserWorkItem(Call, call, preferLocal: false);
    }

    /// <summary>Gives up the carriers of the legs before this one.</summary>
    public void ResetPrevious()
    {
        for (var leg = Previous; leg is not null; leg = leg.Previous)
        {
            if (leg.Carrier is not null)
                leg.Later(static carrier => carrier.Reset(ResetReason.ShuttingDown));
        }
    }

    /// <summary>Lets the tunnels of this leg and of those before it forget the stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="end">The leg whose tunnel still knows it, and those before that; null when none does.</param>
    public void Release(IMovable stream, StreamLeg? end = null)
    {
        for (var leg = this; leg is not null && leg != end; leg = leg.Previous)
        {
            if (leg.Carrier is { } carrier)
                leg.Table?.Remove(carrier.Id, stream);
        }
    }

    private static void Call((Action<ITunnelStream> Action, ITunnelStream Carrier) call) => call.Action(call.Carrier);
}
