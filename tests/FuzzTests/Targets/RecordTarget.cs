using System.Buffers.Binary;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.FuzzTests.Targets;

/// <summary>
/// The bytes under TLS, which are counted by records: in whatever pieces they come there are as many as their lengths say.
/// </summary>
internal static class RecordTarget
{
    private const int HeaderSize = 5;

    public static IReadOnlyList<byte[]> Seeds { get; } =
    [
        [3, .. Record(0x16, 40), .. Record(0x14, 1), .. Record(0x17, 100)],
        [1, .. Record(0x17, 0), .. Record(0x17, 0), .. Record(0x17, 19)],
        [200, .. Record(0x17, 400), 0x17, 0x03],
    ];

    public static IReadOnlyList<byte[]> Tokens { get; } = [
        [0x17, 3, 3, 0, 0], [0x17, 3, 3, 0, 1], [0x17, 3, 3, 0x40, 0x11], [0x17, 3, 3, 0xFF, 0xFF], [0x16, 3, 1]];

    public static bool Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < 2)
            return false;
        var bytes = input[1..];
        var expected = Headers(bytes);
        var counter = new RecordCounter();
        var (size, counted) = (1 + input[0], 0);
        for (var at = 0; at < bytes.Length; at += size)
        {
            var piece = bytes[at..Math.Min(bytes.Length, at + size)];
            var records = counter.Count(piece);
            Check.That(records >= 0 && records <= piece.Length, "no more records begin than there are bytes");
            counted += records;
        }

        Check.Equal(expected, counted, "the records");
        return expected > 0;
    }

    // The expected result is found by jumping from header to header.
    private static int Headers(ReadOnlySpan<byte> bytes)
    {
        var count = 0;
        for (; bytes.Length >= HeaderSize; count++)
            bytes = bytes[Math.Min(bytes.Length, HeaderSize + BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]))..];
        return count;
    }

    private static byte[] Record(byte type, int length)
    {
        var record = new byte[HeaderSize + length];
        (record[0], record[1], record[2]) = (type, 3, 3);
        BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(3), (ushort)length);
        return record;
    }
}
