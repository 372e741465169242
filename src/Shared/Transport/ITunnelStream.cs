using Tunnel.Shared.Protocol;

namespace Tunnel.Shared.Transport;

/// <summary>One tunnelled TCP connection, seen from its local end.</summary>
public interface ITunnelStream
{
    /// <summary>The stream's number in its tunnel.</summary>
    uint Id { get; }

    /// <summary>Is told once when the stream has ended; may be set until then.</summary>
    IStreamObserver? Observer { get; set; }

    /// <summary>Bytes that went from the local peer into the tunnel.</summary>
    long BytesSent { get; }

    /// <summary>Bytes that came out of the tunnel and were given to the local peer.</summary>
    long BytesReceived { get; }

    /// <summary>
    /// Gives the stream its local end, once. Bytes that arrived before were kept (within credit and budget) and are written first. When the
    /// stream has ended already, the endpoint is reset.
    /// </summary>
    void Attach(ILocalEndpoint endpoint);

    /// <summary>The endpoint calls this once after each <see cref="ILocalEndpoint.ArmRead"/> that returned false.</summary>
    void NotifyReadable();

    /// <summary>
    /// The endpoint calls this when the local peer has reset its connection, though bytes that it sent before may still be there to read.
    /// </summary>
    void NotifyLocalReset();

    /// <summary>Ends both directions at once, for a reason of this process: the peer gets RESET without waiting for queued data.</summary>
    void Reset(ResetReason reason);
}

/// <summary>Is told of a stream's end.</summary>
public interface IStreamObserver
{
    /// <summary>
    /// The stream has ended. Called once, without a lock and possibly on an I/O thread, so implementations must not block.
    /// </summary>
    void OnStreamClosed(ITunnelStream stream, in StreamEnd end);
}

/// <summary>Which side ended a stream.</summary>
public enum StreamEndSide
{
    /// <summary>Nobody aborted it: both directions ended with FIN.</summary>
    None,

    /// <summary>The local peer or this process ended it.</summary>
    Local,

    /// <summary>The other end of the tunnel ended it.</summary>
    Remote,

    /// <summary>The tunnel itself was lost.</summary>
    Tunnel,
}

/// <summary>How a stream ended.</summary>
/// <param name="Side">Who ended it; <see cref="StreamEndSide.None"/> when it completed.</param>
/// <param name="Reason">The reason of an abort; meaningless when it completed.</param>
public readonly record struct StreamEnd(StreamEndSide Side, ResetReason Reason)
{
    /// <summary>True when both directions ended in order.</summary>
    public bool Completed => Side == StreamEndSide.None;
}
