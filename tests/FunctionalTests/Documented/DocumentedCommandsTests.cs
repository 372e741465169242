using Tunnel.FunctionalTests.Harness.Machines;
using Tunnel.TestUtilities;

namespace Tunnel.FunctionalTests.Documented;

/// <summary>
/// Every command of the pages for operators is run, in the pages' order, on two machines with systemd that have nothing but what the
/// commands put there.
/// </summary>
public sealed class DocumentedCommandsTests
{
    [Fact]
    public async Task The_five_steps_of_the_readme_lead_to_a_service_that_sees_its_clients_address()
    {
        await using var machines = await MachinePair.BootAsync();
        var commands = new PageCommands(machines);
        await commands.StartUpstreamAsync();
        var wrong = await commands.RunAsync("README.md");
        Assert.True(wrong.Length == 0, wrong);

        await machines.Edge.WaitForAsync("tunnel-edge status | grep 80,443");
        await AssertServesAsync(machines);

        // An operator who follows the lines once more ends nothing that runs.
        const string state = "systemctl show --property MainPID,NRestarts,Result tunnel-hub";
        var before = (await machines.Hub.RunAsync(state)).Succeeded().StandardOutput;
        var again =
            Documentation.ShellLines("README.md").Where(static line => line.Contains("tunnel-hub_", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(again);
        foreach (var line in again)
            (await machines.Hub.RunAsync(line)).Succeeded();
        await AssertServesAsync(machines);
        Assert.Equal(before, (await machines.Hub.RunAsync(state)).Succeeded().StandardOutput);
    }

    [Fact]
    public async Task The_pages_commands_do_what_they_say()
    {
        await using var machines = await MachinePair.BootAsync();
        var commands = new PageCommands(machines);
        await commands.StartUpstreamAsync();
        var wrong = await commands.RunAsync("docs/operations/install.md");
        await commands.PrepareAsync();
        foreach (var page in Documentation.Pages.Where(static page => page.StartsWith("docs/operations/", StringComparison.Ordinal)
            && page is not ("docs/operations/install.md" or "docs/operations/recipes.md")).Order(StringComparer.Ordinal))
        {
            await commands.ResetAsync(page);
            wrong += await commands.RunAsync(page);
        }

        Assert.True(wrong.Length == 0, wrong);
    }

    private static async Task AssertServesAsync(MachinePair machines) =>
        Assert.Equal("10.1.0.1", (await machines.Edge.RunAsync("curl http://10.1.0.1/")).Succeeded().StandardOutput.Trim());

    [Fact]
    public void What_is_not_run_is_still_on_a_page()
    {
        var lines = Documentation.Pages.SelectMany(Documentation.ShellLines).ToHashSet();
        Assert.All(NotRun.Reasons.Keys, line => Assert.Contains(line, lines));
    }
}
