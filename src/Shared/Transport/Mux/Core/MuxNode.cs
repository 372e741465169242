using Tunnel.Shared.Protocol.Scheduling;

namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>Something that the frame writer sends for: a stream, a session, or the tunnel itself.</summary>
internal abstract class MuxNode : SchedulerNode
{
    /// <summary>
    /// The most bytes that <see cref="WriteControl"/> needs: an OPEN with its header, and the small frames that may follow it.
    /// </summary>
    public const int MaxControl = 256;

    /// <summary>
    /// True when the flow has ended and its last frames wait, so that <see cref="UnsentEndings"/> counts it. Used under the tunnel's lock.
    /// </summary>
    public bool IsOwed { get; set; }

    /// <summary>
    /// Encodes the pending control frames. Called with the tunnel's lock held, with at least <see cref="MaxControl"/> bytes of room.
    /// </summary>
    /// <returns>Bytes written.</returns>
    public abstract int WriteControl(Span<byte> buffer);

    /// <summary>True when further control frames wait after <see cref="WriteControl"/>; read with the lock held.</summary>
    public virtual bool HasMoreControl => false;

    /// <summary>Encodes the next data frame. Only the writer calls this, without the lock.</summary>
    /// <param name="buffer">Room for header and payload.</param>
    /// <param name="limit">Payload bytes that the scheduler allows.</param>
    /// <param name="now">Milliseconds of the context's clock.</param>
    /// <returns>Bytes written; 0 when there was nothing after all; -1 when it needs more room than there is.</returns>
    public abstract int WriteData(Span<byte> buffer, int limit, long now);
}
