using System.Globalization;
using Tunnel.FuzzTests.Engine;

namespace Tunnel.FuzzTests;

/// <summary>
/// Runs each target for 10 s, or TUNNEL_FUZZ_SECONDS. The targets are in two halves, since tests of one class wait for each other and tests
/// of two don't: that is as many as a small machine has cores.
/// </summary>
public abstract class MutationTests(ITestOutputHelper output)
{
    private const string Setting = "TUNNEL_FUZZ_SECONDS";

    // The inputs are the same in each run: a change is judged by what it has changed. `./tunnel fuzz` is there for new ones.
    private const ulong Seed = 20_261_128;

    private static readonly TimeSpan Time =
        TimeSpan.FromSeconds(
            Environment.GetEnvironmentVariable(Setting) is { Length: > 0 } text ? double.Parse(text, CultureInfo.InvariantCulture) : 10);

    protected static TheoryData<string> Half(int which) =>
        [.. FuzzTargets.All.Where((_, index) => index % 2 == which).Select(static target => target.Name)];

    protected void Run(string name)
    {
        var target = FuzzTargets.All.Single(target => target.Name == name);
        var report = new FuzzRun(target, Seed, FuzzBudget.Of(Time), FuzzCommand.RunningFolder).Run();
        output.WriteLine(report.ToString());
        Assert.True(
            report.Findings.Count == 0,
            $"{report}\n{string.Join("\n", report.Findings.Select(finding => finding.Describe(name)))}Put it right, and keep the input "
                + $"in tests/FuzzTests/Corpus/{name}.");
    }
}

/// <summary>Runs one half of the targets.</summary>
public sealed class EvenMutationTests(ITestOutputHelper output) : MutationTests(output)
{
    public static TheoryData<string> Targets => Half(0);

    [Theory]
    [MemberData(nameof(Targets))]
    public void Withstands_mutations(string target) => Run(target);
}

/// <summary>Runs the other half.</summary>
public sealed class OddMutationTests(ITestOutputHelper output) : MutationTests(output)
{
    public static TheoryData<string> Targets => Half(1);

    [Theory]
    [MemberData(nameof(Targets))]
    public void Withstands_mutations(string target) => Run(target);
}
