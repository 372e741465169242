using Tunnel.Shared.Transport.Buffers;
using Tunnel.Shared.Transport.Quic.Sessions;

namespace Tunnel.Shared.UnitTests.Transport.Quic;

public sealed class EarlyDatagramsTests
{
    private readonly DatagramMemory _memory = new(new MemoryBudget(200 << 20));
    private readonly EarlyDatagrams _early;

    public EarlyDatagramsTests() => _early = new EarlyDatagrams(_memory);

    [Fact]
    public void What_came_before_its_session_is_given_in_order_and_once()
    {
        Assert.True(_early.TryHold(7, [1], 0));
        Assert.True(_early.TryHold(8, [2], 0));
        Assert.True(_early.TryHold(7, [], 0));

        Assert.Equal([[1], []], Taken(7));
        Assert.Null(_early.Take(7));
        Assert.Equal([[2]], Taken(8));
    }

    [Fact]
    public void A_session_has_room_for_16_and_there_is_room_for_1024_sessions()
    {
        for (var i = 0; i < EarlyDatagrams.MaxPerSession; i++)
            Assert.True(_early.TryHold(0, [0], 0));
        Assert.False(_early.TryHold(0, [0], 0));

        for (var id = 1u; id < EarlyDatagrams.MaxSessions; id++)
            Assert.True(_early.TryHold(id, [0], 0));
        Assert.False(_early.TryHold(EarlyDatagrams.MaxSessions, [0], 0));
        _early.Take(5);
        Assert.True(_early.TryHold(EarlyDatagrams.MaxSessions, [0], 0));
    }

    [Fact]
    public void Large_ones_are_bounded_in_bytes_too_and_room_comes_back()
    {
        var large = new byte[65_507];
        var held = 0u;
        while (_early.TryHold(held, large, 0))
            held++;
        Assert.InRange(held, 32u, 128u);

        Taken(0);
        Assert.True(_early.TryHold(0, large, 0));
        _early.Clear();
        Assert.Equal(0, _memory.Used);
        Assert.True(_early.TryHold(1, large, 0));
    }

    [Fact]
    public void What_waited_for_a_second_is_given_up()
    {
        _early.TryHold(1, [1], 0);
        _early.TryHold(1, [2], 999);
        _early.TryHold(2, [3], 500);

        Assert.Equal(0, _early.TakeExpired(999).Datagrams);
        var (ids, datagrams) = _early.TakeExpired(1_000);

        Assert.Equal([1u], ids);
        Assert.Equal(2, datagrams);
        Assert.Null(_early.Take(1));
        Assert.Equal([[3]], Taken(2));
    }

    private byte[][] Taken(uint id)
    {
        var payloads = new List<byte[]>();
        _early.Take(id)!.TakeAll(payloads, static (list, payload) => list.Add(payload.ToArray()));
        return [.. payloads];
    }
}
