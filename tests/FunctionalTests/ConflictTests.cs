using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>
/// Two processes with one edge's token: one has the id and its ports, the other has nothing, and is there when it is needed.
/// </summary>
public sealed class ConflictTests
{
    [Fact]
    public async Task One_in_a_conflict_binds_nothing_and_takes_over_soon_after_the_others_end()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0]);
        var address = LoopbackAddresses.Next();
        await using var second = EdgeProcess.Start(setup.Directory, setup.Token, address);
        await second.Process.WaitForLineAsync("another edge process holds the id");
        // After several more tries nothing else has been logged.
        await Eventually.IsTrueAsync(
            async () => await second.StatusAsync() is { } status && !status.GetProperty("connected")
                .GetBoolean() && status.GetProperty("listenPorts").GetArrayLength() == 0
                && status.GetProperty("failedPorts").GetArrayLength() == 0
                && status.GetProperty("nextAttempt").GetDateTimeOffset() > DateTimeOffset.UtcNow.AddSeconds(-1),
            "the second edge to wait without ports", explain: () => second.Process.Log);
        await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);

        setup.Edge.Process.Signal(ManagedProcess.SigKill);
        await second.WaitForPortsAsync(setup.Tcp, []);
        Assert.Single(second.Process.Log.Split('\n'), line => line.Contains("another edge process holds the id", StringComparison.Ordinal));
        Assert.Single(second.Process.Log.Split('\n'), line => line.Contains("Connected to the hub", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_that_is_told_to_takes_over_from_another_that_is_alive()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await setup.OpenAsync(upstream, setup.Tcp[0]);
        await using var second = EdgeProcess.Start(setup.Directory, setup.Token, LoopbackAddresses.Next(), "--take-over");

        await second.WaitForPortsAsync(setup.Tcp, []);
        await Eventually.IsTrueAsync(
            async () => await setup.Edge.StatusAsync() is { } status && status.GetProperty("listenPorts").GetArrayLength() == 0,
            "the first edge to close its port", explain: () => setup.Edge.Process.Log);

        // Open connections go on where they are.
        await open.AssertEchoAsync();
        second.Process.Signal(ManagedProcess.SigTerm);
        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
    }
}
