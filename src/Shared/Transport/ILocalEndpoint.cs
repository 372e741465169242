namespace Tunnel.Shared.Transport;

/// <summary>What <see cref="ILocalEndpoint.TryRead"/> found.</summary>
public enum LocalReadStatus
{
    /// <summary>Bytes were read.</summary>
    Data,

    /// <summary>Nothing to read now.</summary>
    WouldBlock,

    /// <summary>The local peer has sent its last byte (FIN).</summary>
    EndOfFile,

    /// <summary>The local peer has reset the connection; everything it sent before has been read.</summary>
    Reset,
}

/// <summary>
/// The local end of a stream: the client's socket at the edge, the upstream's at the hub. The transport pulls from it when the
/// scheduler has chosen the stream, so bytes wait in the kernel and not here, and pushes into it what arrived.
/// No method blocks. The reading methods are called by one thread at a time, and so are the writing ones.
/// </summary>
public interface ILocalEndpoint
{
    /// <summary>Called once, first: the stream whose local end this is.</summary>
    void Start(ITunnelStream stream);

    /// <summary>Reads what is there, without waiting.</summary>
    /// <param name="buffer">Where the bytes go; not empty.</param>
    /// <param name="count">Bytes read; above 0 only with <see cref="LocalReadStatus.Data"/>.</param>
    LocalReadStatus TryRead(Span<byte> buffer, out int count);

    /// <summary>
    /// Asks for one call of <see cref="ITunnelStream.NotifyReadable"/> when <see cref="TryRead"/> has something to say. Holds no buffer
    /// meanwhile.
    /// </summary>
    /// <returns>True when it has something already; then no call comes.</returns>
    bool ArmRead();

    /// <summary>
    /// The transport can't take bytes at present (no credit): a reset of the peer is told without a read until the next one.
    /// </summary>
    void ParkRead();

    /// <summary>Writes as much as fits without waiting.</summary>
    /// <returns>Bytes taken, or -1 when the local peer is gone.</returns>
    int TryWrite(ReadOnlySpan<byte> data);

    /// <summary>Writes all of <paramref name="data"/>, waiting for room.</summary>
    /// <returns>False when the local peer is gone.</returns>
    ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data);

    /// <summary>No more will be written: the local peer gets a FIN after what was written.</summary>
    void ShutdownWrite();

    /// <summary>Both directions have ended in order: closes without a reset.</summary>
    void Close();

    /// <summary>
    /// Ends with a reset (RST). With <paramref name="flush"/> what was written is first given the chance to reach the local peer,
    /// as long as it keeps taking bytes.
    /// </summary>
    void Reset(bool flush);
}
