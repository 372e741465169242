using System.Globalization;
using System.Security.Cryptography;
using Tunnel.FuzzTests.Engine;

namespace Tunnel.FuzzTests;

/// <summary>`./tunnel fuzz`: runs of any length, whose findings become files of the corpus.</summary>
internal static class FuzzCommand
{
    private const string Usage = """
        usage: ./tunnel fuzz [--minutes N | --inputs N] [--target NAME]… [--workers N] [--seed N] [--save DIRECTORY]
               ./tunnel fuzz --last

          --minutes N    for all targets together (5)
          --inputs N     so many inputs for each target, however long that takes
          --target NAME  only this one; can be given several times
          --workers N    targets at a time (the number of cores)
          --seed N       the same inputs as a run with this seed
          --save DIR     where inputs that were found go (tests/FuzzTests/Corpus)
          --last         only the inputs that runs before this one died of, or were killed at

        """;

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMinutes(5);

    // A long run has the lowest priority, and may wait for its turn.
    private static readonly TimeSpan InputLimit = TimeSpan.FromMinutes(10);

    /// <summary>The place where processes keep the input that they are at.</summary>
    public static string RunningFolder { get; } = Path.Combine(Path.GetTempPath(), "tunnel-fuzz");

    public static int Run(IReadOnlyList<string> arguments)
    {
        foreach (var (target, input) in LastInput.Left(RunningFolder, static process => Directory.Exists($"/proc/{process}")))
            Console.WriteLine($"{target}: a run before this one died of this input, or was killed at it: {Convert.ToBase64String(input)}");
        if (arguments is ["--last"])
            return 0;

        var targets = new List<FuzzTarget>();
        var (minutes, inputs, workers, seed, save) = (5.0, 0L, Environment.ProcessorCount, NewSeed(), Corpus.Sources);
        for (var i = 0; i < arguments.Count; i += 2)
        {
            if (i + 1 == arguments.Count)
                return Refuse($"{arguments[i]} needs a value");
            var value = arguments[i + 1];
            var culture = CultureInfo.InvariantCulture;
            var known = arguments[i] switch
            {
                "--minutes" => double.TryParse(value, culture, out minutes) && minutes > 0,
                "--inputs" => long.TryParse(value, NumberStyles.None, culture, out inputs) && inputs > 0,
                "--workers" => int.TryParse(value, NumberStyles.None, culture, out workers) && workers > 0,
                "--seed" => ulong.TryParse(value, NumberStyles.None, culture, out seed),
                "--save" => (save = value).Length > 0,
                "--target" => Add(targets, value),
                _ => false,
            };
            if (!known)
                return Refuse($"{arguments[i]} {value} is no option");
        }

        if (targets.Count == 0)
            targets.AddRange(FuzzTargets.All);
        workers = Math.Min(workers, targets.Count);
        var budget = inputs > 0 ? FuzzBudget.Of(inputs) : FuzzBudget.Of(TimeSpan.FromMinutes(minutes * workers / targets.Count));
        return RunAll(targets, budget, workers, seed, save) ? 0 : 1;
    }

    private static bool RunAll(List<FuzzTarget> targets, FuzzBudget budget, int workers, ulong seed, string save)
    {
        var findings = 0;
        Parallel.ForEach(targets, new ParallelOptions { MaxDegreeOfParallelism = workers }, target =>
        {
            var run = new FuzzRun(target, seed, budget, RunningFolder) { InputLimit = InputLimit };
            using var progress = new Timer(
                _ => Console.WriteLine($"{Now} {target.Name}: {run.Inputs:N0} inputs so far"), null, ProgressInterval, ProgressInterval);
            var report = run.Run();
            Interlocked.Add(ref findings, report.Findings.Count);
            Console.WriteLine($"{Now} {report}");
            foreach (var finding in report.Findings)
                Console.WriteLine($"{finding.Describe(target.Name)}  kept in {Corpus.Save(save, target, finding.Input)}");
        });
        Console.WriteLine($"{targets.Count} targets, {findings} findings");
        return findings == 0;
    }

    private static string Now => DateTime.Now.ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    private static bool Add(List<FuzzTarget> targets, string name)
    {
        if (FuzzTargets.All.FirstOrDefault(target => target.Name == name) is not { } found)
            return false;
        targets.Add(found);
        return true;
    }

    private static ulong NewSeed() => (uint)RandomNumberGenerator.GetInt32(int.MaxValue);

    private static int Refuse(string what)
    {
        Console.Error.WriteLine(what);
        Console.Error.Write(Usage);
        Console.Error.WriteLine($"targets: {string.Join(", ", FuzzTargets.All.Select(static target => target.Name))}");
        return 2;
    }
}
