using System.Buffers.Binary;

namespace Tunnel.Bench.Load.Soak;

/// <summary>The wishes that a client of a soak can have of its upstream.</summary>
internal enum Wish : byte
{
    /// <summary>Takes bytes until the client's end, and answers how many were right.</summary>
    Upload,

    /// <summary>Sends so many bytes, and ends.</summary>
    Download,

    /// <summary>Answers each byte with itself, until the client's end.</summary>
    Echo,

    /// <summary>Answers a byte and sees the client reset.</summary>
    ClientResets,

    /// <summary>Sends so many bytes, waits for one, and resets.</summary>
    UpstreamResets,
}

/// <summary>The first bytes of a conversation.</summary>
/// <param name="Wish">The client's wish.</param>
/// <param name="Pattern">The bytes in both directions.</param>
/// <param name="Length">How many bytes the upstream sends.</param>
/// <param name="Edge">The number of the edge through which the conversation comes.</param>
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
