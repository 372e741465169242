using BenchmarkDotNet.Attributes;
using Tunnel.Shared.Protocol.Flow;

namespace Tunnel.Bench.Micro;

/// <summary>Measures what one DATA frame of 16 KiB costs in flow control at both ends.</summary>
[MemoryDiagnoser]
public class FlowWindow
{
    private const int Frame = 16 << 10;
    private const int Frames = 1_000;
    private ReceiveWindow _receiver = new(64 << 10);
    private SendWindow _sender = new(64 << 10);

    [Benchmark(OperationsPerInvoke = Frames)]
    public long ReceiveDeliverCredit()
    {
        for (var i = 0; i < Frames; i++)
        {
            var bytes = (int)Math.Min(Frame, _sender.Credit);
            _sender.Take(bytes);
            _receiver.TryReceive(bytes);
            _receiver.Deliver(bytes);
            if (_receiver.TakeChange(4 << 20) is > 0 and var growth)
                _receiver.Grow(growth);
            if (_receiver.TakeCredit(int.MaxValue, 64 << 10) is > 0 and var credit)
                _sender.TryAdd((uint)credit);
        }

        return _sender.Credit;
    }
}
