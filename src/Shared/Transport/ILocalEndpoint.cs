namespace Tunnel.Shared.Transport;

/// <summary>The result of <see cref="ILocalEndpoint.TryRead"/>.</summary>
public enum LocalReadStatus
{
    /// <summary>Bytes were read.</summary>
    Data,

    /// <summary>There is nothing to read now.</summary>
    WouldBlock,

    /// <summary>The local peer has sent its last byte (FIN).</summary>
    EndOfFile,

    /// <summary>The local peer has reset the connection; everything it sent before has been read.</summary>
    Reset,
}

/// <summary>
/// The local end of a stream: the client's socket at the edge, the upstream's at the hub. The transport pulls from it when the scheduler
/// has chosen the stream, so that bytes wait in the kernel and not here, and pushes into it what has arrived. No method blocks. The reading
/// methods are called by one thread at a time, and so are the writing ones.
/// </summary>
public interface ILocalEndpoint
{
    /// <summary>Gives the stream whose local end this is. Called once, before any other member.</summary>
    void Start(ITunnelStream stream);

    /// <summary>Reads what has arrived, without waiting.</summary>
    /// <param name="buffer">Receives the bytes; not empty.</param>
    /// <param name="count">Bytes read; above 0 only with <see cref="LocalReadStatus.Data"/>.</param>
    LocalReadStatus TryRead(Span<byte> buffer, out int count);

    /// <summary>
    /// Asks for one call of <see cref="ITunnelStream.NotifyReadable"/> when <see cref="TryRead"/> would give a result. No buffer is held
    /// meanwhile.
    /// </summary>
    /// <returns>True when there is a result already; then the call does not come.</returns>
    bool ArmRead();

    /// <summary>
    /// The transport can't take bytes at present (no credit). Until the next read, a reset of the peer is reported without a read.
    /// </summary>
    void ParkRead();

    /// <summary>Writes as much as fits without waiting.</summary>
    /// <returns>Bytes taken, or -1 when the local peer is gone.</returns>
    int TryWrite(ReadOnlySpan<byte> data);

    /// <summary>Writes all of <paramref name="data"/>, waiting for room.</summary>
    /// <returns>False when the local peer is gone.</returns>
    ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data);

    /// <summary>Ends writing: the local peer gets a FIN after what was written.</summary>
    void ShutdownWrite();

    /// <summary>Closes without a reset. Called when both directions have ended in order.</summary>
    void Close();

    /// <summary>
    /// Ends with a reset (RST). With <paramref name="flush"/> the reset waits for the written bytes to reach the local peer, as long as it
    /// keeps taking them.
    /// </summary>
    void Reset(bool flush);
}
