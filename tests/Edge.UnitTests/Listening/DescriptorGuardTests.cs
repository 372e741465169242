using System.Net.Sockets;
using Tunnel.Edge.Listening;
using Tunnel.Shared.Sockets;
using Tunnel.TestUtilities;

namespace Edge.UnitTests.Listening;

public sealed class DescriptorGuardTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public void Dispose() => _socket.Dispose();

    [Fact]
    public void The_soft_limit_is_the_hard_one_and_the_one_that_holds()
    {
        DescriptorLimit limit = DescriptorLimit.Read();
        Assert.Equal(limit.Hard, limit.Soft);
        using DescriptorGuard guard = DescriptorGuard.ForProcess(_time);
        Assert.Equal(limit.Soft, guard.Limit);
        Assert.False(guard.IsOver(_socket));
    }

    [Fact]
    public void From_nine_tenths_on_clients_are_too_many()
    {
        long limit = (long)_socket.Handle * 10 / 9;
        using var under = new DescriptorGuard(() => limit + 20, _time);
        using var over = new DescriptorGuard(() => limit, _time);
        Assert.False(under.IsOver(_socket));
        Assert.True(over.IsOver(_socket));
    }

    [Fact]
    public void After_a_shortage_everybody_is_refused_until_there_are_some_again()
    {
        long limit = 1_000_000;
        using var guard = new DescriptorGuard(() => limit, _time);
        limit = 500_000;
        guard.OnShortage();
        Assert.Equal(500_000, guard.Limit);
        Assert.True(guard.IsOver(_socket));
        _time.Advance(DescriptorGuard.ShortagePause - TimeSpan.FromTicks(1));
        Assert.True(guard.IsOver(_socket));
        limit = 1_000_000;
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.False(guard.IsOver(_socket));
        Assert.False(guard.IsShort);
        Assert.Equal(1_000_000, guard.Limit);
    }
}
