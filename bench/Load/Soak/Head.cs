using System.Buffers.Binary;

namespace Tunnel.Bench.Load.Soak;

/// <summary>What a client of a soak wants of its upstream.</summary>
internal enum Wish : byte
{
    /// <summary>Take bytes until the client's end, and answer how many were right.</summary>
    Upload,

    /// <summary>Send so many bytes, and end.</summary>
    Download,

    /// <summary>Answer each byte with itself, until the client's end.</summary>
    Echo,

    /// <summary>Answer a byte and see the client reset.</summary>
    ClientResets,

    /// <summary>Send so many bytes, wait for one, and reset.</summary>
    UpstreamResets,
}

/// <summary>The first bytes of a conversation.</summary>
/// <param name="Wish">What is wanted.</param>
/// <param name="Pattern">The bytes, both ways.</param>
/// <param name="Length">How many the upstream sends.</param>
/// <param name="Edge">The number of the edge that it comes through.</param>
internal readonly record struct Head(Wish Wish, Pattern Pattern, long Length, byte Edge)
{
    public const int Size = 18;

    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        bytes[0] = (byte)Wish;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(1), Pattern.Seed);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(9), Length);
        bytes[17] = Edge;
        return bytes;
    }

    public static Head Read(ReadOnlySpan<byte> bytes)
    {
        var (seed, length) = (BinaryPrimitives.ReadInt64BigEndian(bytes[1..]), BinaryPrimitives.ReadInt64BigEndian(bytes[9..]));
        return new Head((Wish)bytes[0], new Pattern(seed), length, bytes[17]);
    }
}
