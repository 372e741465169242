using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Prometheus takes the alert rules, and each fires when it should.</summary>
public sealed class AlertRulesTests
{
    [Theory]
    [InlineData("check", "alerts.yml")]
    [InlineData("test", "alerts.test.yml")]
    public async Task Promtool_finds_no_fault(string what, string file)
    {
        var result = await ManagedProcess.RunAsync(
            DebianProgram.Promtool, [what, "rules", Path.Combine(Documentation.Root, "deploy/prometheus", file)]);

        Assert.True(result.ExitCode == 0, result.StandardOutput + result.StandardError);
    }
}
