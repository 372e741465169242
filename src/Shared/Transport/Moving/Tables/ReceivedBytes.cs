namespace Tunnel.Shared.Transport.Moving.Tables;

/// <summary>
/// How much of one direction of a stream its local end has been given, and how much of that the peer was told. The stream's lock of
/// receiving guards what has come, which may be read without it.
/// </summary>
internal sealed class ReceivedBytes
{
    private long _count;
    private bool _hasEnded;

    /// <summary>The bytes that have come.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>Whether the peer has said its last byte.</summary>
    public bool HasEnded => Volatile.Read(ref _hasEnded);

    /// <summary>How far the peer's bytes have come, and their end.</summary>
    public long Offset => Count + (HasEnded ? 1 : 0);

    /// <summary>How much the peer was told that has come.</summary>
    public long Told { get; set; }

    /// <summary>Whether the peer is about to be told. Guarded by the lock of the <see cref="AckQueue"/>.</summary>
    public bool IsToldSoon { get; set; }

    /// <summary>Counts bytes. Called with the lock held.</summary>
    public void Add(int count) => Volatile.Write(ref _count, _count + count);

    /// <summary>Notes the peer's last byte. Called with the lock held.</summary>
    public void End() => Volatile.Write(ref _hasEnded, true);
}
