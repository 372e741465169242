using Tunnel.Shared.Transport.KernelMemory;

namespace Tunnel.Shared.UnitTests.Transport.KernelMemory;

public sealed class TcpMemoryFiguresTests
{
    private const string Sockets = "sockets: used 95\nTCP: inuse 5 orphan 0 tw 0 alloc 6 mem 4711\nUDP: inuse 2 mem 1\n";

    [Fact]
    public void The_kernels_files_give_the_pages_in_use_and_the_three_limits() =>
        Assert.Equal(new TcpMemoryFigures(4711, 287901, 383869, 575802), Read("287901\t383869\t575802\n", Sockets));

    [Theory]
    [InlineData(null, Sockets)]
    [InlineData("", Sockets)]
    [InlineData("0\n", Sockets)]
    [InlineData("1\t2\t0\n", Sockets)]
    [InlineData("1\t2\tx\n", Sockets)]
    [InlineData("1\t2\t3\n", null)]
    [InlineData("1\t2\t3\n", "")]
    [InlineData("1\t2\t3\n", "TCP: inuse 5 mem")]
    [InlineData("1\t2\t3\n", "TCP: inuse 5 mem -1")]
    [InlineData("1\t2\t3\n", "UDP: inuse 2 mem 1")]
    public void What_is_missing_or_strange_gives_none(string? limits, string? use) => Assert.Null(Read(limits, use));

    private static TcpMemoryFigures? Read(string? limits, string? use) =>
        TcpMemoryFigures.Read(
            path => path == "/proc/net/sockstat" ? use : path == "/proc/sys/net/ipv4/tcp_mem" ? limits : throw new ArgumentException(path));
}
