using System.Net;
using System.Net.Sockets;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Accepting;

/// <summary>A hub that replaces another process gets the UDP port.</summary>
public sealed class QuicPortTests
{
    [Fact]
    public async Task It_is_opened_once_the_process_before_has_left_it()
    {
        var time = new ManualTimeProvider();
        var opened = new TaskCompletionSource();
        using var before = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        before.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var at = (IPEndPoint)before.LocalEndPoint!;
        await using var port = new QuicPort(Open, time);

        port.OpenWhenFree(at);
        await WaitForTimerAsync(time);
        time.Advance(QuicPort.Interval);
        await WaitForTimerAsync(time);
        Assert.False(opened.Task.IsCompleted);
        before.Dispose();
        time.Advance(QuicPort.Interval);
        await opened.Task.WaitAsync(Patience.Limit);
        Assert.True(QuicPort.IsFree(at));

        QuicDoor? Open()
        {
            opened.SetResult();
            return null;
        }
    }

    [Fact]
    public async Task Nobody_looks_at_it_any_more_once_the_hub_stops()
    {
        using var before = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        before.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = new QuicPort(() => throw new InvalidOperationException("It was opened."), TimeProvider.System);
        port.OpenWhenFree((IPEndPoint)before.LocalEndPoint!);

        await port.DisposeAsync().AsTask().WaitAsync(Patience.Limit);
        Assert.Null(port.Door);
    }

    private static Task WaitForTimerAsync(ManualTimeProvider time) =>
        Eventually.IsTrueAsync(() => Task.FromResult(time.WaitingTimers == 1), "the wait for the next look");
}
