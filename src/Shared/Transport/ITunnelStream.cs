using Tunnel.Shared.Protocol;

namespace Tunnel.Shared.Transport;

/// <summary>One tunnelled TCP connection, seen from its local end.</summary>
public interface ITunnelStream
{
    /// <summary>The stream's number in its tunnel.</summary>
    uint Id { get; }

    /// <summary>Told once when the stream is over; may be set until then.</summary>
    IStreamObserver? Observer { get; set; }

    /// <summary>Bytes that went from the local peer into the tunnel.</summary>
    long BytesSent { get; }

    /// <summary>Bytes that came out of the tunnel and were given to the local peer.</summary>
    long BytesReceived { get; }

    /// <summary>
    /// Gives the stream its local end, once. What arrived before was kept (within credit and budget) and is written first. When the stream
    /// is over already the endpoint is reset.
    /// </summary>
    void Attach(ILocalEndpoint endpoint);

    /// <summary>From the endpoint, once after each <see cref="ILocalEndpoint.ArmRead"/> that returned false.</summary>
    void NotifyReadable();

    /// <summary>
    /// From the endpoint: the local peer has reset its connection, though bytes that it sent before may still be there to read.
    /// </summary>
    void NotifyLocalReset();

    /// <summary>Ends the stream at once, both ways, for a reason of ours: the peer gets RESET without waiting for queued data.</summary>
    void Reset(ResetReason reason);
}

/// <summary>Is told of a stream's end.</summary>
public interface IStreamObserver
{
    /// <summary>Called once, off any lock, possibly on an I/O thread: must not block.</summary>
    void OnStreamClosed(ITunnelStream stream, in StreamEnd end);
}

/// <summary>Which side ended a stream.</summary>
public enum StreamEndSide
{
    /// <summary>Nobody aborted it: both directions ended with FIN.</summary>
    None,

    /// <summary>The local peer or this process.</summary>
    Local,

    /// <summary>The other end of the tunnel.</summary>
    Remote,

    /// <summary>The tunnel itself was lost.</summary>
    Tunnel,
}

/// <summary>How a stream ended.</summary>
/// <param name="Side">Who ended it; <see cref="StreamEndSide.None"/> when it completed.</param>
/// <param name="Reason">The reason of an abort; meaningless when it completed.</param>
public readonly record struct StreamEnd(StreamEndSide Side, ResetReason Reason)
{
    /// <summary>Both directions ended in order.</summary>
    public bool Completed => Side == StreamEndSide.None;
}
