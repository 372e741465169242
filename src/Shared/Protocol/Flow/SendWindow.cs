namespace Tunnel.Shared.Protocol.Flow;

/// <summary>The sender's side of flow control: the bytes that the peer still accepts on one stream (protocol.md section 4).</summary>
public struct SendWindow
{
    /// <summary>The most credit, in bytes, that a receiver has reason to give; a peer that gives more is broken.</summary>
    public const long MaxCredit = 1L << 31;

    /// <summary>Creates a window with the credit that the receiver has announced.</summary>
    public SendWindow(int initial) => Credit = initial;

    /// <summary>Bytes that may be sent now.</summary>
    public long Credit { get; private set; }

    /// <summary>Adds the <paramref name="bytes"/> of credit that the peer gives.</summary>
    /// <returns>False when the total exceeds <see cref="MaxCredit"/>, which is a protocol error.</returns>
    public bool TryAdd(uint bytes)
    {
        if (Credit + bytes > MaxCredit)
            return false;
        Credit += bytes;
        return true;
    }

    /// <summary>Deducts bytes that are sent, never more than <see cref="Credit"/>.</summary>
    public void Take(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, Credit);
        Credit -= bytes;
    }
}
