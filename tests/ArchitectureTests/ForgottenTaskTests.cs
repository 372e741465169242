using System.Text.RegularExpressions;

namespace Tunnel.ArchitectureTests;

/// <summary>
/// A task that nobody waits for, and a timer, lose what they throw unless Shared/Guarding watches them: <c>task.Guard("what it does")</c>,
/// <c>time.CreateGuardedTimer(…)</c>.
/// </summary>
public sealed partial class ForgottenTaskTests
{
    private const string Guarding = "src/Shared/Guarding/";

    // This task catches everything itself, and runs for each batch of frames, where a second task would cost an allocation.
    private static readonly string[] GuardsItself = ["src/Shared/Transport/Mux/FrameWriter.cs"];

    [Fact]
    public void No_task_is_thrown_away_and_no_timer_unguarded()
    {
        var wrong =
            from file in SourceTree.Files
            where !file.Path.StartsWith(Guarding, StringComparison.Ordinal) && !GuardsItself.Contains(file.Path)
            from Match found in Forgotten().Matches(file.Code)
            select $"{file.Path}: {found.Value}";

        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("_ = RunAsync(x);", true)]
    [InlineData("_ = Task.Run(Work);", true)]
    [InlineData("_ = _tooSlow.CancelAsync();", true)]
    [InlineData("() => _ = DialAsync(limit)", true)]
    [InlineData("private async void Start()", true)]
    [InlineData("work.ContinueWith(Next);", true)]
    [InlineData("time.CreateTimer(_ => Save(), null, due, due);", true)]
    [InlineData("_ = await waiting;", false)]
    [InlineData("_ = await stream.ReadAsync(buffer);", false)]
    [InlineData("RunAsync(x).Guard(name);", false)]
    [InlineData("_ = Api.SetParam(handle, 1);", false)]
    public void The_rule_sees(string code, bool isWrong) => Assert.Equal(isWrong, Forgotten().IsMatch(code));

    [GeneratedRegex(
        @"(?<![\w.])_ = (?!await\b)[^;]*?(?:Async|Task\.Run|Task\.Factory\.StartNew)\("
        + @"|\basync void\b|\.ContinueWith\(|\.CreateTimer\(|new Timer\(")]
    private static partial Regex Forgotten();
}
