using BenchmarkDotNet.Attributes;
using Tunnel.Shared.Protocol.Scheduling;

namespace Tunnel.Bench.Micro;

/// <summary>Measures a turn of the scheduler with so many streams that all have data, and one with a keystroke among them.</summary>
[MemoryDiagnoser]
public class Scheduling
{
    private const int Turns = 1_000;
    private readonly TierScheduler _scheduler = new();
    private readonly Node _keystroke = new();
    private long _now;

    [Params(1, 100, 10_000)]
    public int Streams { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        for (var i = 0; i < Streams; i++)
            _scheduler.EnqueueData(new Node { Sustained = i % 10 == 9 });
    }

    [Benchmark(OperationsPerInvoke = Turns)]
    public int Bulk()
    {
        var sum = 0;
        for (var i = 0; i < Turns; i++)
        {
            var turn = _scheduler.Next(_now++);
            var bytes = Math.Min(turn.Bytes, TierScheduler.Quantum);
            _scheduler.ChargeData(turn.Node!, bytes);
            sum += bytes;
        }

        return sum;
    }

    [Benchmark(OperationsPerInvoke = Turns)]
    public int Keystrokes()
    {
        var sum = 0;
        for (var i = 0; i < Turns; i++)
        {
            _scheduler.EnqueueData(_keystroke);
            var turn = _scheduler.Next(_now++);
            _scheduler.ChargeData(turn.Node!, 1);
            if (turn.Node == _keystroke)
                sum++;
            _scheduler.RemoveData(_keystroke);
        }

        return sum;
    }

    private sealed class Node : SchedulerNode;
}
