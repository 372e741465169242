using Tunnel.Shared.Protocol.Flow;

namespace Tunnel.Shared.UnitTests.Protocol.Flow;

/// <summary>
/// A sender and a receiver of one stream with the two windows between them; data and credit arrive in order, some time after they were
/// sent.
/// </summary>
internal sealed class SimulatedTransfer(int initial)
{
    public const int MaxFrame = 64 << 10;

    private readonly Queue<int> _dataUnderWay = new();
    private readonly Queue<uint> _creditUnderWay = new();
    private SendWindow _sender = new(initial);
    private ReceiveWindow _receiver = new(initial);
    private long _bound = initial;

    /// <summary>The size that a window may have at present.</summary>
    public int Limit { get; set; } = 4 << 20;

    /// <summary>The bytes that a sender may hold at present.</summary>
    public int Ceiling { get; set; } = int.MaxValue;

    public ReceiveWindow Receiver => _receiver;

    public long SenderCredit => _sender.Credit;

    public long Sent { get; private set; }

    public long Delivered { get; private set; }

    public int CreditFrames { get; private set; }

    public bool IsQuiet => _dataUnderWay.Count == 0 && _creditUnderWay.Count == 0 && _receiver.Buffered == 0;

    /// <returns>False when the sender has no credit.</returns>
    public bool Send(long bytes)
    {
        var count = (int)Math.Min(Math.Min(bytes, MaxFrame), _sender.Credit);
        if (count == 0)
            return false;
        _sender.Take(count);
        _dataUnderWay.Enqueue(count);
        Sent += count;
        Check();
        return true;
    }

    /// <returns>False when nothing is under way.</returns>
    public bool DataArrives()
    {
        if (!_dataUnderWay.TryDequeue(out var count))
            return false;
        Assert.True(_receiver.TryReceive(count));
        Check();
        return true;
    }

    /// <returns>False when nothing is under way.</returns>
    public bool CreditArrives()
    {
        if (!_creditUnderWay.TryDequeue(out var credit))
            return false;
        Assert.True(_sender.TryAdd(credit));
        Check();
        return true;
    }

    /// <summary>Takes bytes as the local socket does.</summary>
    public void Drain(long bytes)
    {
        var count = (int)Math.Min(bytes, _receiver.Buffered);
        if (count == 0)
            return;
        Delivered += count;
        _receiver.Deliver(count);
        var shrinks = _receiver.Target > Limit;
        var held = _receiver.Outstanding + _receiver.Buffered;
        if (shrinks)
            _receiver.Shrink(Limit);
        var change = _receiver.TakeChange(Limit);
        if (change < 0)
            Assert.Equal(-change, _receiver.Shrink(_receiver.Target + change));
        if (change > 0)
        {
            Assert.True(_receiver.Target + change <= Limit && change <= _receiver.Target);
            _receiver.Grow(change);
        }

        var credit = _receiver.TakeCredit(Ceiling, MaxFrame);
        Assert.True(credit >= 0);
        if (credit > 0)
        {
            Assert.True(_receiver.Outstanding <= Ceiling);
            CreditFrames++;
            _creditUnderWay.Enqueue((uint)credit);
        }

        // Credit that was given before a shrink can't be taken back, but no more comes on top of it.
        _bound = Math.Max(_receiver.Target, held);
        Check();
    }

    private void Check()
    {
        var dataUnderWay = _dataUnderWay.Sum(count => (long)count);
        var creditUnderWay = _creditUnderWay.Sum(count => (long)count);
        Assert.Equal(Sent, Delivered + _receiver.Buffered + dataUnderWay);
        Assert.Equal(_receiver.Outstanding, _sender.Credit + dataUnderWay + creditUnderWay);
        Assert.True(_receiver.Outstanding + _receiver.Buffered <= _bound, $"{_receiver.Outstanding} + {_receiver.Buffered} > {_bound}");
        Assert.True(_receiver.Buffered >= 0 && _receiver.Outstanding >= 0);
    }
}
