using System.Net.Sockets;
using Tunnel.Shared.Sockets;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Sockets;

public sealed class DescriptorGuardTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public void Dispose() => _socket.Dispose();

    [Fact]
    public void The_soft_limit_is_the_hard_one_and_the_one_that_holds()
    {
        var limit = DescriptorLimit.Read();
        Assert.Equal(limit.Hard, limit.Soft);
        using var guard = DescriptorGuard.ForProcess(_time);
        Assert.Equal(limit.Soft, guard.Limit);
        Assert.False(guard.IsOver(_socket.SafeHandle, DescriptorUse.Client));
    }

    [Theory]
    [InlineData(524_288, 471_860, 489_336, 498_074, 506_812)]
    [InlineData(4_096, 3_687, 3_824, 3_892, 3_960)]
    [InlineData(512, 416, 448, 464, 480)]
    public void Clients_are_refused_first_then_strangers_then_those_in_their_place_then_the_admin_socket(
        long limit, int clients, int strangers, int newcomers, int admin)
    {
        using var guard = new DescriptorGuard(() => limit, _time);
        foreach (var (use, least) in new[]
        {
            (DescriptorUse.Client, clients), (DescriptorUse.Stranger, strangers), (DescriptorUse.Newcomer, newcomers),
            (DescriptorUse.Admin, admin),
        })
        {
            Assert.False(guard.IsOver((nint)least - 1, use), $"{use}");
            Assert.True(guard.IsOver((nint)least, use), $"{use}");
        }
    }

    [Fact]
    public void A_limit_that_is_lowered_while_the_process_runs_holds_at_once()
    {
        long limit = 1_000_000;
        using var guard = new DescriptorGuard(() => limit, _time);
        Assert.False(guard.IsOver((nint)900, DescriptorUse.Client));
        limit = 1000;
        Assert.True(guard.IsOver((nint)900, DescriptorUse.Client));
        Assert.Equal(1000, guard.Limit);
    }

    [Fact]
    public void After_a_shortage_all_but_the_admin_socket_are_refused_until_there_are_some_again()
    {
        using var guard = new DescriptorGuard(() => 1_000_000, _time);
        guard.OnShortage();
        Assert.True(guard.IsOver(_socket.SafeHandle, DescriptorUse.Client));
        Assert.True(guard.IsOver(_socket.SafeHandle, DescriptorUse.Stranger));
        Assert.False(guard.IsOver(_socket.SafeHandle, DescriptorUse.Admin));
        _time.Advance(DescriptorGuard.ShortagePause - TimeSpan.FromTicks(1));
        Assert.True(guard.IsOver(_socket.SafeHandle, DescriptorUse.Client));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.False(guard.IsOver(_socket.SafeHandle, DescriptorUse.Client));
        Assert.False(guard.IsShort);
    }

    [Fact]
    public void A_limit_that_is_too_low_is_named_with_what_is_needed()
    {
        Assert.Null(DescriptorGuard.Objection("tunnel-hub", DescriptorGuard.MinLimit));
        var objection = DescriptorGuard.Objection("tunnel-hub", 64)!;
        Assert.Contains("is 64", objection);
        Assert.Contains("512 are needed", objection);
    }
}
