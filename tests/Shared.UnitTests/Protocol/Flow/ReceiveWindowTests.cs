using Tunnel.Shared.Protocol.Flow;

namespace Tunnel.Shared.UnitTests.Protocol.Flow;

public class ReceiveWindowTests
{
    private const int Initial = 64 << 10;

    [Fact]
    public void Data_beyond_the_credit_is_refused()
    {
        var window = new ReceiveWindow(100);
        Assert.True(window.TryReceive(60));
        Assert.False(window.TryReceive(41));
        Assert.True(window.TryReceive(40));
        Assert.False(window.TryReceive(1));
        Assert.True(window.TryReceive(0));
        Assert.Equal((0, 100), (window.Outstanding, window.Buffered));
    }

    [Fact]
    public void Credit_follows_delivery_and_not_arrival()
    {
        var window = new ReceiveWindow(Initial);
        Assert.True(window.TryReceive(Initial));
        Assert.Equal(0, window.TakeCredit(int.MaxValue, 1));
        window.Deliver(1_000);
        Assert.Equal(1_000, window.TakeCredit(int.MaxValue, 1));
        Assert.Equal(0, window.TakeCredit(int.MaxValue, 1));
        Assert.Equal((1_000, Initial - 1_000), (window.Outstanding, window.Buffered));
    }

    [Fact]
    public void Little_is_not_returned_while_the_sender_has_plenty()
    {
        var window = new ReceiveWindow(1_000_000);
        Assert.True(window.TryReceive(200_000 - 1));
        window.Deliver(200_000 - 1);
        Assert.Equal(0, window.TakeCredit(int.MaxValue, 64 << 10));
        Assert.True(window.TryReceive(1));
        window.Deliver(1);
        Assert.Equal(200_000, window.TakeCredit(int.MaxValue, 64 << 10));
    }

    /// <summary>
    /// Tries random senders, paths, readers, limits and shortages; at the end everything has arrived, and nothing ever stood still.
    /// </summary>
    [Fact]
    public void No_sequence_holds_more_than_the_window_nor_stands_still()
    {
        for (var seed = 0; seed < 10_000; seed++)
        {
            var random = new Random(seed);
            var transfer = new SimulatedTransfer(random.Next(3) switch { 0 => 16 << 10, 1 => Initial, _ => 4 << 20 });
            var chunk = random.Next(4) switch { 0 => 1 << 20, 1 => 16 << 10, 2 => 64 << 10, _ => random.Next(1_000, 200_000) };
            var left = random.NextInt64(1, 40L * chunk);
            while (left > 0)
            {
                if (random.Next(50) == 0)
                    transfer.Limit = random.Next(64 << 10, 4 << 20);
                if (random.Next(50) == 0)
                    transfer.Ceiling = random.Next(2) == 0 ? 64 << 10 : int.MaxValue;
                var before = transfer.Sent;
                var moved = random.Next(5) switch
                {
                    0 or 1 => transfer.Send(Math.Min(left, chunk)),
                    2 => transfer.DataArrives(),
                    3 => transfer.CreditArrives(),
                    _ => Drain(transfer, random.Next(2) == 0 ? chunk : random.Next(1, chunk)),
                };
                left -= transfer.Sent - before;
                if (!moved && transfer.IsQuiet && left > 0)
                    Assert.True(transfer.SenderCredit > 0, $"stands still in sequence {seed}");
            }

            while (!transfer.IsQuiet)
            {
                transfer.DataArrives();
                transfer.CreditArrives();
                Drain(transfer, chunk);
            }

            Assert.Equal(transfer.Sent, transfer.Delivered);
        }
    }

    [Fact]
    public void The_window_doubles_with_each_window_that_a_reader_took_at_once_up_to_the_limit()
    {
        var transfer = new SimulatedTransfer(Initial) { Limit = 1_000_000 };
        List<int> targets = [Initial];
        long drained = 0;
        while (transfer.Delivered < 10_000_000)
        {
            transfer.Send(10_000);
            transfer.DataArrives();
            var target = transfer.Receiver.Target;
            var before = transfer.Delivered;
            transfer.Drain(10_000);
            drained += transfer.Delivered - before;
            transfer.CreditArrives();
            if (transfer.Receiver.Target == target)
                continue;
            Assert.InRange(drained, target, target + 10_000);
            drained = 0;
            targets.Add(transfer.Receiver.Target);
        }

        Assert.Equal([65_536, 131_072, 262_144, 524_288, 1_000_000], targets);
        Assert.Equal(1_000_000 - Initial, transfer.Receiver.Grown);
    }

    [Fact]
    public void A_window_does_not_grow_for_a_reader_that_is_slower_than_the_path()
    {
        var transfer = new SimulatedTransfer(Initial);
        while (transfer.Delivered < 10_000_000)
        {
            SendAll(transfer);
            transfer.Drain(10_000);
            transfer.CreditArrives();
        }

        Assert.Equal(Initial, transfer.Receiver.Target);
    }

    /// <summary>
    /// Tries a reader that suddenly is slower: what of the window only waits for it is given up, and it is never kept waiting for more.
    /// </summary>
    [Fact]
    public void What_only_waits_for_a_slow_reader_is_given_up_and_never_missed()
    {
        var transfer = Grown();
        while (transfer.Receiver.Target > 2 * Initial)
        {
            SendAll(transfer);
            Assert.True(transfer.Receiver.Buffered >= 10_000, "the reader has nothing to read");
            transfer.Drain(10_000);
            transfer.CreditArrives();
        }
    }

    [Fact]
    public void A_reader_that_pauses_and_then_takes_all_keeps_its_window()
    {
        var transfer = Grown();
        var target = transfer.Receiver.Target;
        for (var i = 0; i < 100; i++)
        {
            SendAll(transfer);
            while (transfer.Receiver.Buffered > 0)
                transfer.Drain(10_000);
            while (transfer.CreditArrives())
            {
            }
        }

        Assert.Equal(target, transfer.Receiver.Target);
    }

    [Fact]
    public void Growth_that_was_not_granted_stays_due()
    {
        var window = new ReceiveWindow(Initial);
        Assert.True(window.TryReceive(Initial));
        window.Deliver(Initial);
        Assert.Equal(Initial, window.TakeChange(4 << 20));
        Assert.Equal(Initial, window.TakeChange(4 << 20));
        window.Grow(Initial);
        Assert.Equal(0, window.TakeChange(4 << 20));
    }

    [Fact]
    public void A_window_that_shrank_grows_again_only_by_what_is_drained_from_then_on()
    {
        var window = new ReceiveWindow(Initial);
        window.Grow(Initial);

        // A window at its limit drains for hours.
        for (var i = 0; i < 1_000; i++)
        {
            Assert.True(window.TryReceive(10_000));
            window.Deliver(10_000);
            _ = window.TakeCredit(int.MaxValue, 1);
            Assert.Equal(0, window.TakeChange(2 * Initial));
        }

        Assert.Equal(Initial, window.Shrink(0));
        Assert.Equal(0, window.TakeChange(4 << 20));
    }

    [Fact]
    public void A_window_never_shrinks_below_its_start_and_gives_back_what_it_had_grown()
    {
        var window = new ReceiveWindow(Initial);
        Assert.Equal(0, window.Shrink(0));
        window.Grow(Initial);
        window.Grow(2 * Initial);
        Assert.Equal(3 * Initial, window.Grown);
        Assert.Equal(Initial, window.Shrink(3 * Initial));
        Assert.Equal(2 * Initial, window.Shrink(1_000));
        Assert.Equal((0, Initial), (window.Grown, window.Target));
    }

    [Fact]
    public void A_shrink_withholds_credit_until_what_was_given_is_used()
    {
        var window = new ReceiveWindow(Initial);
        window.Grow(3 * Initial);
        Assert.Equal(3 * Initial, window.TakeCredit(int.MaxValue, 1));
        Assert.Equal(3 * Initial, window.Shrink(Initial));
        Assert.True(window.TryReceive(3 * Initial));
        window.Deliver(3 * Initial);
        Assert.Equal(0, window.TakeCredit(int.MaxValue, 1));
        Assert.True(window.TryReceive(Initial / 2));
        window.Deliver(Initial / 2);
        Assert.Equal(Initial / 2, window.TakeCredit(int.MaxValue, 1));
    }

    [Fact]
    public void While_memory_is_short_a_sender_holds_at_most_64_KiB()
    {
        var transfer = new SimulatedTransfer(4 << 20) { Ceiling = 65_536 };
        var held = transfer.Receiver.Outstanding;
        for (var i = 0; i < 2_000; i++)
        {
            transfer.Send(MaxFrame);
            transfer.DataArrives();
            transfer.Drain(MaxFrame);
            transfer.CreditArrives();
            Assert.True(transfer.Receiver.Outstanding <= Math.Max(65_536, held));
            held = transfer.Receiver.Outstanding;
        }

        Assert.InRange(held, 1, 65_536);
        Assert.True(transfer.Delivered > 50L << 20);

        // All of its window is there again afterwards.
        transfer.Ceiling = int.MaxValue;
        transfer.Send(MaxFrame);
        transfer.DataArrives();
        transfer.Drain(MaxFrame);
        Assert.Equal(4 << 20, transfer.Receiver.Outstanding);
    }

    [Theory]
    [InlineData(64 << 10, 64 << 10)]
    [InlineData(64 << 10, 4 << 20)]
    [InlineData(4 << 20, 4 << 20)]
    public void Credit_frames_are_few(int initial, int limit)
    {
        foreach (var chunk in (int[])[100, 1_448, 16 << 10, 64 << 10])
        {
            var transfer = new SimulatedTransfer(initial) { Limit = limit };
            var total = 16L * limit;
            while (transfer.Delivered < total)
            {
                transfer.Send(chunk);
                transfer.DataArrives();
                transfer.Drain(chunk);
                transfer.CreditArrives();
            }

            // Each credit is a fifth of the window; smaller ones come while it grows.
            var most = (total / (limit / 5)) + 30;
            Assert.True(transfer.CreditFrames <= most, $"{transfer.CreditFrames} frames for chunks of {chunk}, at most {most}");
        }
    }

    private const int MaxFrame = SimulatedTransfer.MaxFrame;

    // The window grows to 1 MiB for a reader that takes all at once.
    private static SimulatedTransfer Grown()
    {
        var transfer = new SimulatedTransfer(Initial) { Limit = 1 << 20 };
        while (transfer.Receiver.Target < transfer.Limit)
        {
            transfer.Send(MaxFrame);
            transfer.DataArrives();
            transfer.Drain(MaxFrame);
            transfer.CreditArrives();
        }

        return transfer;
    }

    private static void SendAll(SimulatedTransfer transfer)
    {
        while (transfer.Send(int.MaxValue))
        {
        }

        while (transfer.DataArrives())
        {
        }
    }

    private static bool Drain(SimulatedTransfer transfer, int bytes)
    {
        var before = transfer.Delivered;
        transfer.Drain(bytes);
        return transfer.Delivered > before;
    }
}
