using Tunnel.Shared.Transport.Buffers;

namespace Tunnel.Shared.UnitTests.Transport.Buffers;

public unsafe class PageMemoryTests
{
    [Fact]
    public void Only_whole_pages_are_given_back()
    {
        var page = Environment.SystemPageSize;
        var start = PageMemory.TryMap(2 * page);
        Assert.True(start is not null);
        var memory = new Span<byte>(start, 2 * page);
        Assert.Equal(-1, memory.IndexOfAnyExcept((byte)0));
        memory.Fill(1);

        // The kernel would take the whole page.
        PageMemory.Release(start, page / 4);
        Assert.Equal(-1, memory.IndexOfAnyExcept((byte)1));

        PageMemory.Release(start, page);
        Assert.Equal(-1, memory[..page].IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, memory[page..].IndexOfAnyExcept((byte)1));
        PageMemory.Unmap(start, 2 * page);
    }

    [Fact]
    public void What_cannot_be_had_is_null() => Assert.True(PageMemory.TryMap(0) is null);
}
