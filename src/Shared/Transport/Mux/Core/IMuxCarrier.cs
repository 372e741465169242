namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>What carries the bytes of a mux, as far as those who make them have to know.</summary>
internal interface IMuxCarrier
{
    /// <summary>
    /// There is something to send and nobody is sending: from now on this is, until it finds nothing more and calls
    /// <see cref="MuxCore.EndSending"/>. May send on the calling thread. Called once a batch at most, without the lock.
    /// </summary>
    void Send();

    /// <summary>Runs <paramref name="continuation"/> after the others whose work is done there have had their turn.</summary>
    void Yield(Action continuation);
}
