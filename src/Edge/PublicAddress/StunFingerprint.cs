namespace Tunnel.Edge.PublicAddress;

/// <summary>
/// FINGERPRINT (RFC 8489 section 14.7): the CRC-32 of ITU V.42, as zip has it, XORed so that other protocols' CRCs don't match.
/// </summary>
internal static class StunFingerprint
{
    private const uint Polynomial = 0xEDB88320;
    private const uint Xor = 0x5354554E;

    /// <summary>The value for a message up to the attribute.</summary>
    public static uint Compute(ReadOnlySpan<byte> message)
    {
        // Bit by bit: it is a hundred bytes every few minutes.
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
