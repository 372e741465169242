using Tunnel.Shared.Hosting;

namespace Tunnel.Shared.UnitTests.Hosting;

public sealed class ProgramPagesTests
{
    private static readonly string[] Smaps =
    [
        .. Mapping("1000-3000 r--p 00000000 fe:00 7   /usr/bin/tunnel-hub", anonymous: 0),
        .. Mapping("3000-8000 r-xp 00002000 fe:00 7   /usr/bin/tunnel-hub", anonymous: 0),
        .. Mapping("8000-9000 r--p 00007000 fe:00 7   /usr/bin/tunnel-hub", anonymous: 4),
        .. Mapping("9000-a000 rw-p 00008000 fe:00 7   /usr/bin/tunnel-hub", anonymous: 0),
        .. Mapping("a000-b000 ---p 00009000 fe:00 7   /usr/bin/tunnel-hub", anonymous: 0),
        .. Mapping("b000-c000 r--p 00000000 00:00 0", anonymous: 0),
        .. Mapping("c000-d000 r-xp 00000000 fe:00 8   /usr/lib/libc.so.6", anonymous: 0),
        .. Mapping("d000-e000 r-xs 00000000 00:01 9   /memfd:doublemapper (deleted)", anonymous: 0),
        .. Mapping("e000-f000 r-xp 00000000 00:00 0   [vdso]", anonymous: 0),
        .. Mapping("7fff00000000-7fff00001000 r--p 00000000 fe:00 7   /usr/bin/tunnel-hub (deleted)", anonymous: 0),
    ];

    [Fact]
    public void Only_what_is_as_in_its_file_is_let_go_of() =>
        Assert.Equal(
            [(0x1000, 0x2000), (0x3000, 0x5000), (0xc000, 0x1000), (unchecked((nint)0x7fff00000000), 0x1000)],
            ProgramPages.Unchanged(Smaps));

    [Fact]
    public void A_file_that_nobody_can_write_is_known_by_its_mapping_alone() => Assert.Equal(
        [(0x1000, 0x2000), (0x3000, 0x5000), (0x8000, 0x1000), (0xc000, 0x1000), (unchecked((nint)0x7fff00000000), 0x1000)],
        ProgramPages.Files(Smaps));

    [Theory]
    [InlineData("zz-3000 r--p 00000000 fe:00 7 /usr/bin/tunnel-hub")]
    [InlineData("3000-1000 r--p 00000000 fe:00 7 /usr/bin/tunnel-hub")]
    [InlineData("3000 r--p 00000000 fe:00 7 /usr/bin/tunnel-hub")]
    public void What_is_no_range_is_nothing(string mapping) => Assert.Empty(ProgramPages.Unchanged(Mapping(mapping, anonymous: 0)));

    [Fact]
    public void What_is_not_in_memory_is_left_as_it_is() =>
        Assert.Empty(
            ProgramPages.Unchanged(
                Smaps.Select(static line => line.StartsWith("Rss:", StringComparison.Ordinal) ? "Rss:                   0 kB" : line)));

    [Fact]
    public void What_was_written_and_is_swapped_out_is_left_as_it_is() =>
        Assert.Empty(
            ProgramPages.Unchanged(
                Smaps.Select(static line => line.StartsWith("Swap:", StringComparison.Ordinal) ? "Swap:                  4 kB" : line)));

    [Fact]
    public void The_program_goes_on_without_them()
    {
        Assert.NotEmpty(ProgramPages.Unchanged(File.ReadLines("/proc/self/smaps")));
        new ProgramPages().Release();
    }

    private static string[] Mapping(string first, int anonymous) =>
        [
            first, "Size:                 64 kB", "Rss:                  60 kB", $"Anonymous:     {anonymous,10} kB",
            "Swap:                  0 kB", "VmFlags: rd mr mw me sd"];
}
