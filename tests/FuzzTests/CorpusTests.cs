using Tunnel.FuzzTests.Engine;

namespace Tunnel.FuzzTests;

/// <summary>An input that was found once is never found again, and inputs that mutations start from are valid.</summary>
public sealed class CorpusTests
{
    public static TheoryData<string> Targets => [.. FuzzTargets.All.Select(static target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Seeds_are_taken(string name)
    {
        var target = FuzzTargets.All.Single(target => target.Name == name);
        var runner = new InputRunner(target);
        foreach (var seed in target.Seeds)
        {
            Assert.True(runner.Run(seed) is null, runner.Run(seed)?.Describe(name));
            Assert.True(runner.WasTaken, $"the seed {Convert.ToBase64String(seed)} is refused");
            Assert.True(seed.Length <= target.MaxLength, "a seed is longer than inputs are");
        }
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Inputs_that_were_found_are_withstood(string name)
    {
        var target = FuzzTargets.All.Single(target => target.Name == name);
        var runner = new InputRunner(target);
        Assert.All(Corpus.Of(target), entry =>
        {
            var finding = runner.Run(entry.Input);
            Assert.True(finding is null, $"Corpus/{name}/{entry.Name}: {finding?.Describe(name)}");
        });
    }

    [Fact]
    public void Every_folder_of_the_corpus_has_a_target() =>
        Assert.All(Directory.GetDirectories(Corpus.Copied), folder =>
            Assert.Contains(FuzzTargets.All, target => target.Name == Path.GetFileName(folder)));
}
