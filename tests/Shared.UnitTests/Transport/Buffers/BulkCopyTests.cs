using System.Runtime.InteropServices;
using Tunnel.Shared.Transport.Buffers;

namespace Tunnel.Shared.UnitTests.Transport.Buffers;

public unsafe class BulkCopyTests
{
    private const int Page = 4096;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_023)]
    [InlineData(1_024)]
    [InlineData(1_025)]
    [InlineData(16_384)]
    [InlineData(20_000)]
    public void Every_distance_within_the_page_copies_the_same(int count)
    {
        var memory = (byte*)NativeMemory.AlignedAlloc(24 * Page, Page);
        try
        {
            var random = new Random(count);
            for (var distance = -20; distance <= 20; distance++)
            {
                var source = new Span<byte>(memory + (2 * Page) + distance, count);
                var area = new Span<byte>(memory + (12 * Page) - 1, count + 2);
                random.NextBytes(source);
                area.Clear();
                BulkCopy.Copy(source, area[1..]);
                Assert.True(source.SequenceEqual(area[1..^1]), $"{count} bytes at {distance}");
                Assert.Equal((0, 0), (area[0], area[^1]));
            }
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }
}
