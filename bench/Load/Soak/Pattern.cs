namespace Tunnel.Bench.Load.Soak;

/// <summary>
/// The bytes of a conversation, which both ends compute from a number, so that a byte that is lost, doubled, changed or another's is seen.
/// </summary>
/// <param name="Seed">The number of the conversation.</param>
internal readonly record struct Pattern(long Seed)
{
    // The length is a prime, so that no length in which bytes are cut divides it.
    private const int Period = 1_048_573;

    private static readonly byte[] Block = MakeBlock();

    /// <summary>Returns the bytes from an offset on, as many as are at hand.</summary>
    public ReadOnlyMemory<byte> From(long offset, int atMost)
    {
        var start = (int)((ulong)(Seed + offset) % Period);
        return Block.AsMemory(start, atMost);
    }

    /// <summary>Returns whether these are the bytes from an offset on.</summary>
    public bool Matches(long offset, ReadOnlySpan<byte> bytes) => From(offset, bytes.Length).Span.SequenceEqual(bytes);

    private static byte[] MakeBlock()
    {
        var block = new byte[Period + (128 << 10)];
        new Random(1).NextBytes(block.AsSpan(0, Period));
        block.AsSpan(0, 128 << 10).CopyTo(block.AsSpan(Period));
        return block;
    }
}
