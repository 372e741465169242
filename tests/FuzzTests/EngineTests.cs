using Tunnel.FuzzTests.Engine;

namespace Tunnel.FuzzTests;

/// <summary>The engine finds faults when there are some.</summary>
public sealed class EngineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fuzz-engine").FullName;

    [Fact]
    public void The_same_seed_gives_the_same_inputs()
    {
        Assert.Equal(Inputs(7), Inputs(7));
        Assert.NotEqual(Inputs(7), Inputs(8));
    }

    [Fact]
    public void An_exception_is_found_and_its_input_made_short()
    {
        var finding = Assert.Single(
            Run(static input => input.Contains((byte)'!') ? throw new InvalidCastException("planted") : true).Findings);
        Assert.Contains("planted", finding.Detail, StringComparison.Ordinal);
        Assert.Equal("!"u8.ToArray(), finding.Input);
        Assert.Contains("text    !", finding.Describe("t"), StringComparison.Ordinal);
    }

    [Fact]
    public void Findings_of_one_cause_are_one()
    {
        var report = Run(
            static input => input.Length == 3 ? throw new InvalidCastException() : input.Length == 4 ? throw new FormatException() : true);
        Assert.Equal(2, report.Findings.Count);
    }

    [Fact]
    public void An_allocation_over_the_cap_is_found()
    {
        var finding = Assert.Single(Run(static input => input.Contains((byte)'!') && new byte[1 << 20].Length > 0).Findings);
        Assert.Contains("1,0", finding.Detail, StringComparison.Ordinal);
        Assert.Equal("!"u8.ToArray(), finding.Input);
    }

    [Fact]
    public void A_hang_is_found_and_does_not_hang_the_run()
    {
        using var end = new ManualResetEventSlim();
        var finding = Assert.Single(
            Run(input => !input.Contains((byte)'!') || end.Wait(Timeout.Infinite), TimeSpan.FromMilliseconds(300)).Findings);
        end.Set();
        Assert.Equal("hang", finding.Signature);
        Assert.Contains((byte)'!', finding.Input);
    }

    [Fact]
    public void What_a_process_died_of_is_found_by_the_next()
    {
        var target = Target(static _ => true);
        using var last = new LastInput(_folder, target);
        last.Set("deadly"u8);
        Assert.Empty(LastInput.Left(_folder, static process => process == Environment.ProcessId));
        var (name, input) = Assert.Single(LastInput.Left(_folder, static _ => false));
        Assert.Equal((target.Name, "deadly"), (name, System.Text.Encoding.ASCII.GetString(input)));
        Assert.Empty(LastInput.Left(_folder, static _ => false));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static FuzzTarget Target(FuzzAction action) =>
        new("planted", () => action, ["seed"u8.ToArray()]) { Tokens = ["!"u8.ToArray()], MaxLength = 32 };

    private FuzzReport Run(FuzzAction action, TimeSpan? limit = null) =>
        new FuzzRun(Target(action), 1, FuzzBudget.Of(20_000), _folder) { InputLimit = limit ?? TimeSpan.FromMinutes(2) }.Run();

    private static string[] Inputs(ulong seed)
    {
        var mutator = new Mutator(seed, ["seed"u8.ToArray()], ["!"u8.ToArray()], 32);
        return [.. Enumerable.Range(0, 100).Select(_ => Convert.ToHexString(mutator.Next()))];
    }
}
