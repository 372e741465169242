namespace Tunnel.Edge.PublicAddress;

/// <summary>
/// Computes FINGERPRINT (RFC 8489 section 14.7): the CRC-32 of ITU V.42, which zip uses too, XORed so that CRCs of other protocols don't
/// match.
/// </summary>
internal static class StunFingerprint
{
    private const uint Polynomial = 0xEDB88320;
    private const uint Xor = 0x5354554E;

    /// <summary>Returns the value for a message up to the attribute.</summary>
    public static uint Compute(ReadOnlySpan<byte> message)
    {
        // Going bit by bit is fast enough for a hundred bytes every few minutes.
        var crc = uint.MaxValue;
        foreach (var value in message)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * Polynomial);
        }

        return ~crc ^ Xor;
    }
}
