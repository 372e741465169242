using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>A secret is renewed over the tunnel, with nothing done at the edge, whatever is killed meanwhile.</summary>
public sealed class SecretPushTests
{
    private const int Continue = 18;
    private const int Stop = 19;

    [Fact]
    public async Task An_edge_is_given_another_secret_and_has_it_after_a_restart()
    {
        await using var setup = await StartAsync();
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await setup.OpenAsync(upstream, setup.Tcp[0]);
        var pushed = (await setup.Hub.RunAsync("edge", "rotate-secret", TunnelSetup.EdgeId, "--push", "--grace", "0")).Succeeded();
        Assert.Contains("has kept its new secret", pushed.StandardOutput, StringComparison.Ordinal);

        // The token's secret is worth nothing any more, but the tunnel that brought the new one stays.
        await open.AssertEchoAsync();
        await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
        await setup.Edge.RestartAsync();
        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
        await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
        await using var thief = EdgeProcess.Start(setup.Directory, setup.Token, LoopbackAddresses.Next());
        await thief.Process.WaitForLineAsync("refused edge");
    }

    /// <summary>
    /// Kills the edge, or the hub on its way to take the new secret: before the content is on the disk, before it has its name, before its
    /// name is on the disk.
    /// </summary>
    [Theory]
    [InlineData(true, "fsync", 1)]
    [InlineData(true, KillAt.Rename, 1)]
    [InlineData(true, "fsync", 2)]
    [InlineData(false, "fsync", 1)]
    [InlineData(false, KillAt.Rename, 1)]
    [InlineData(false, "fsync", 2)]
    public async Task Killed_at_any_step_the_edge_comes_back(bool edge, string call, int time)
    {
        await using var setup = await StartAsync();
        var victim = edge ? setup.Edge.Process : setup.Hub.Process;
        await using (await KillAt.AttachAsync(victim, call, time))
        {
            var pushed = PushAsync(setup);
            await victim.WaitForExitAsync(TimeSpan.FromSeconds(30));
            Assert.Equal(1, (await pushed).ExitCode);
        }

        await (edge ? setup.Edge.RestartAsync() : setup.Hub.RestartAsync());
        await AssertWellAsync(setup);
    }

    /// <summary>Kills the hub when the edge has kept the new secret and the old ones are to end.</summary>
    [Theory]
    [InlineData("fsync", 1)]
    [InlineData(KillAt.Rename, 1)]
    [InlineData("fsync", 2)]
    public async Task Killed_before_the_old_secrets_end_the_edge_comes_back(string call, int time)
    {
        await using var setup = await StartAsync();
        setup.Edge.Process.Signal(Stop);
        var changes = Changes(setup);
        var pushed = PushAsync(setup);
        await Eventually.IsTrueAsync(() => Task.FromResult(Changes(setup) > changes), "the hub to take the new secret");
        await using (await KillAt.AttachAsync(setup.Hub.Process, call, time))
        {
            setup.Edge.Process.Signal(Continue);
            await setup.Hub.Process.WaitForExitAsync(TimeSpan.FromSeconds(30));
            Assert.Equal(1, (await pushed).ExitCode);
        }

        await setup.Hub.RestartAsync();
        await AssertWellAsync(setup);
    }

    private static Task<ProgramResult> PushAsync(TunnelSetup setup) =>
        setup.Hub.RunAsync("edge", "rotate-secret", TunnelSetup.EdgeId, "--push", "--grace", "0");

    private static async Task AssertWellAsync(TunnelSetup setup)
    {
        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
        (await PushAsync(setup)).Succeeded();
        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
    }

    private static int Changes(TunnelSetup setup) =>
        setup.Hub.Process.Log.Split('\n').Count(line => line.Contains("Allowed edges changed", StringComparison.Ordinal));

    private static Task<TunnelSetup> StartAsync() => TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
}
