namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>Carries the bytes of a mux, as seen by the code that makes them.</summary>
internal interface IMuxCarrier
{
    /// <summary>
    /// Starts to send, because there is work and nobody is sending. The carrier sends until it finds nothing more and calls
    /// <see cref="MuxCore.EndSending"/>. It may send on the calling thread. Called at most once per batch, without the lock.
    /// </summary>
    void Send();

    /// <summary>Runs <paramref name="continuation"/> on the carrier's thread, after other work there has had its turn.</summary>
    void Yield(Action continuation);
}
