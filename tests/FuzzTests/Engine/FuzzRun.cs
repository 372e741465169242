using System.Diagnostics;

namespace Tunnel.FuzzTests.Engine;

/// <summary>One run of one target: the seeds and the corpus as they are, then mutations of them until the budget is used up.</summary>
internal sealed class FuzzRun(FuzzTarget target, ulong seed, FuzzBudget budget, string folder)
{
    private const int MaxFindings = 10;

    // The clock is not looked at for each of a million inputs.
    private const int InputsPerLook = 64;

    private readonly List<Finding> _findings = [];
    private readonly Stopwatch _clock = new();
    private long _inputs;
    private long _taken;
    private long _beganTicks;
    private volatile bool _isOver;

    /// <summary>
    /// The longest time that one input may take. It is wall-clock time of a machine that does much else, so it is generous: a hang is for
    /// ever.
    /// </summary>
    public TimeSpan InputLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The number of inputs so far, for those who watch.</summary>
    public long Inputs => Volatile.Read(ref _inputs);

    public FuzzReport Run()
    {
        var last = new LastInput(folder, target);
        _clock.Start();
        _beganTicks = _clock.ElapsedTicks;

        // It runs on a thread of its own, since an input that hangs can't be ended.
        var thread = new Thread(() => RunInputs(last)) { IsBackground = true, Name = target.Name };
        thread.Start();
        var hung = false;
        while (!thread.Join(TimeSpan.FromMilliseconds(200)))
        {
            hung = _clock.Elapsed - TimeSpan.FromSeconds((double)Volatile.Read(ref _beganTicks) / Stopwatch.Frequency) > InputLimit;
            if (hung)
                break;
        }

        _isOver = true;
        lock (_findings)
        {
            // The input that hangs still has its memory, should it ever go on.
            if (hung)
                _findings.Add(Finding.OfHang(InputLimit, last.Get()));
            else
                last.Dispose();
            return new FuzzReport(target, seed, Inputs, _taken, _clock.Elapsed, [.. _findings]);
        }
    }

    private void RunInputs(LastInput last)
    {
        var runner = new InputRunner(target);
        var known = target.Seeds.Concat(Corpus.Of(target).Select(static entry => entry.Input)).ToArray();
        foreach (var input in known)
        {
            Look();
            RunOne(runner, last, input);
        }

        var mutator = new Mutator(seed, known, target.Tokens, target.MaxLength);
        while (!_isOver && Inputs < budget.Inputs && _findings.Count < MaxFindings)
        {
            if (Inputs % InputsPerLook == 0 && Look() > budget.Time)
                break;
            var input = mutator.Next();
            if (RunOne(runner, last, input))
                mutator.Keep(input);
        }
    }

    private TimeSpan Look()
    {
        Volatile.Write(ref _beganTicks, _clock.ElapsedTicks);
        return _clock.Elapsed;
    }

    private bool RunOne(InputRunner runner, LastInput last, ReadOnlySpan<byte> input)
    {
        last.Set(input);
        var finding = runner.Run(input);
        if (_isOver)
            return false;
        Volatile.Write(ref _inputs, _inputs + 1);
        if (finding is null)
        {
            if (runner.WasTaken)
                _taken++;
            return runner.WasTaken;
        }

        if (_findings.All(known => known.Signature != finding.Signature))
        {
            finding = Minimizer.Minimize(finding, runner);
            lock (_findings)
                _findings.Add(finding);
        }

        return false;
    }
}
