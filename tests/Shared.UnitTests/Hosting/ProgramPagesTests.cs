using Tunnel.Shared.Hosting;

namespace Tunnel.Shared.UnitTests.Hosting;

public sealed class ProgramPagesTests
{
    private const string Program = "/usr/bin/tunnel-hub";

    [Fact]
    public void Only_what_is_as_in_the_programs_file_is_let_go_of()
    {
        string[] smaps =
        [
            .. Mapping("1000-3000 r--p 00000000 fe:00 7   /usr/bin/tunnel-hub", anonymous: 0),
            .. Mapping("3000-8000 r-xp 00002000 fe:00 7   /usr/bin/tunnel-hub", anonymous: 0),
            .. Mapping("8000-9000 r--p 00007000 fe:00 7   /usr/bin/tunnel-hub", anonymous: 4),
            .. Mapping("9000-a000 rw-p 00008000 fe:00 7   /usr/bin/tunnel-hub", anonymous: 0),
            .. Mapping("a000-b000 ---p 00009000 fe:00 7   /usr/bin/tunnel-hub", anonymous: 0),
            .. Mapping("b000-c000 r--p 00000000 00:00 0", anonymous: 0),
            .. Mapping("c000-d000 r-xp 00000000 fe:00 8   /usr/lib/libc.so.6", anonymous: 0),
            .. Mapping("7fff00000000-7fff00001000 r--p 00000000 fe:00 7   /usr/bin/tunnel-hub (deleted)", anonymous: 0),
        ];

        Assert.Equal([((nint)0x1000, (nuint)0x2000), (0x3000, 0x5000)], ProgramPages.Unchanged(smaps, Program));
        Assert.Empty(ProgramPages.Unchanged(smaps, null));
    }

    [Theory]
    [InlineData("zz-3000 r--p 00000000 fe:00 7 /usr/bin/tunnel-hub")]
    [InlineData("3000-1000 r--p 00000000 fe:00 7 /usr/bin/tunnel-hub")]
    [InlineData("3000 r--p 00000000 fe:00 7 /usr/bin/tunnel-hub")]
    public void What_is_no_range_is_nothing(string mapping) => Assert.Empty(ProgramPages.Unchanged(Mapping(mapping, anonymous: 0), Program));

    [Fact]
    public void The_program_goes_on_without_them()
    {
        Assert.NotEmpty(ProgramPages.Unchanged(File.ReadLines("/proc/self/smaps"), Environment.ProcessPath));
        ProgramPages.Release();
    }

    private static string[] Mapping(string first, int anonymous) =>
        [first, "Size:                 64 kB", "Rss:                  60 kB", $"Anonymous:     {anonymous,10} kB", "VmFlags: rd mr mw me sd"];
}
