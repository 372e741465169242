namespace Tunnel.Shared.UnitTests.Protocol;

/// <summary>
/// Feeds a parser what a broken or hostile peer may send: every truncation of good samples, mutations of them, and noise.
/// </summary>
internal static class HostileInput
{
    private const int Seed = 20250101;

    public delegate void Parser(ReadOnlySpan<byte> input);

    /// <summary>
    /// Makes at least <paramref name="count"/> inputs besides the truncations; always the same ones, so that a failure comes again.
    /// </summary>
    public static void Feed(Parser parser, IReadOnlyList<byte[]> samples, int count = 10_000)
    {
        var random = new Random(Seed);
        foreach (var sample in samples)
        {
            for (var length = 0; length <= sample.Length; length++)
                parser(sample.AsSpan(0, length));
        }

        for (var i = 0; i < count; i++)
            parser(i % 4 == 0 ? Noise(random) : Mutate(samples[random.Next(samples.Count)], random));
    }

    /// <summary>Like <see cref="Feed"/>, and no input may cost more than so many allocated bytes.</summary>
    public static void FeedBounded(Parser parser, IReadOnlyList<byte[]> samples, long maxAllocated)
    {
        // The first call sets up what is made only once.
        Feed(parser, samples, count: 100);
        Feed(
            input =>
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                parser(input);
                Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, maxAllocated);
            },
            samples);
    }

    private static byte[] Noise(Random random)
    {
        var bytes = new byte[random.Next(600)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Mutate(byte[] sample, Random random)
    {
        var bytes = sample.ToList();
        for (var changes = random.Next(1, 5); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveAt(at);
                    break;
                case 3:
                    bytes.Insert(at, (byte)" 0:.-9\"\\{[\r\n"[random.Next(12)]);
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, random.Next(bytes.Count - at)));
                    break;
            }
        }

        return [.. bytes];
    }
}
