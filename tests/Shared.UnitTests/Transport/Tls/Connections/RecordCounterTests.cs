using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.UnitTests.Transport.Tls.Connections;

public sealed class RecordCounterTests
{
    // These are records of 3, 0, 300 and 1 bytes.
    private static readonly byte[] Records = [
        23, 3, 3, 0, 3, 1, 2, 3, 23, 3, 3, 0, 0, 23, 3, 3, 1, 44, .. new byte[300], 23, 3, 3, 0, 1, 255];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Records_are_counted_however_they_are_cut(int piece)
    {
        var counter = new RecordCounter();
        var records = 0;
        foreach (var bytes in Records.Chunk(piece))
            records += counter.Count(bytes);

        Assert.Equal(4, records);
    }

    [Fact]
    public void A_record_counts_with_its_header()
    {
        var counter = new RecordCounter();

        Assert.Equal(0, counter.Count([23, 3, 3, 0]));
        Assert.Equal(1, counter.Count([2, 7]));
        Assert.Equal(0, counter.Count([7]));
    }
}
