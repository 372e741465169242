namespace Tunnel.Shared.Protocol.Flow;

/// <summary>The sender's side of flow control: bytes that the peer still accepts on one stream (protocol.md section 4).</summary>
public struct SendWindow
{
    /// <summary>More credit than any receiver has reason to give; above it the peer is broken.</summary>
    public const long MaxCredit = 1L << 31;

    /// <summary>Starts with what the receiver has announced.</summary>
    public SendWindow(int initial) => Credit = initial;

    /// <summary>Bytes that may be sent now.</summary>
    public long Credit { get; private set; }

    /// <summary>The peer gives <paramref name="bytes"/> more.</summary>
    /// <returns>False when that is beyond all reason: a protocol error.</returns>
    public bool TryAdd(uint bytes)
    {
        if (Credit + bytes > MaxCredit)
            return false;
        Credit += bytes;
        return true;
    }

    /// <summary>Takes what is sent; never more than <see cref="Credit"/>.</summary>
    public void Take(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, Credit);
        Credit -= bytes;
    }
}
