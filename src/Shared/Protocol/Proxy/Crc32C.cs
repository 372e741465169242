using System.Buffers.Binary;
using System.Numerics;

namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>CRC-32C, Castagnoli (RFC 3720 section 12.1, appendix B.4), on the processor's own instruction.</summary>
internal static class Crc32C
{
    /// <summary>The checksum of the bytes.</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => ~Append(uint.MaxValue, data);

    /// <summary>The checksum of a header whose field at <paramref name="field"/> counts as four zeros.</summary>
    public static uint ComputeWithout(ReadOnlySpan<byte> header, int field)
    {
        var crc = Append(uint.MaxValue, header[..field]);
        crc = BitOperations.Crc32C(crc, 0u);
        return ~Append(crc, header[(field + sizeof(uint))..]);
    }

    private static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        for (; data.Length >= sizeof(ulong); data = data[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
        foreach (var b in data)
            crc = BitOperations.Crc32C(crc, b);
        return crc;
    }
}
