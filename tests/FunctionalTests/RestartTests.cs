using Tunnel.FunctionalTests.Harness.Machines;

namespace Tunnel.FunctionalTests;

/// <summary>What clients see while a service is restarted by systemd, which keeps its sockets.</summary>
public sealed class RestartTests
{
    private const string Ask = $"curl --max-time 60 {MachineServices.Url}";

    [Fact]
    public async Task Clients_of_an_edge_that_crashes_or_restarts_wait_for_the_next_process()
    {
        await using var machines = await MachinePair.BootAsync(withPackages: false);
        await MachineServices.StartAsync(machines);
        var edge = machines.Edge;

        // Two seconds pass before systemd starts it again; without the store this client would be refused.
        var crashed = await edge.RunAsync($"systemctl kill --signal KILL tunnel-edge && {Ask}");
        Assert.True(crashed.ExitCode == 0, crashed.StandardError + await edge.JournalAsync());

        // An open download holds the drain, in which the old process takes no new clients.
        await edge.WaitForAsync("systemctl is-active tunnel-edge");
        (await edge.RunAsync($"systemd-run --unit download curl --output /dev/null --max-time 20 {MachineServices.Url}slow")).Succeeded();
        await edge.WaitForAsync("tunnel-edge status | grep 'streams   1'");
        (await edge.RunAsync("systemctl restart --no-block tunnel-edge")).Succeeded();
        await edge.WaitForAsync("[ $(systemctl is-active tunnel-edge) = deactivating ]");
        var restarted = await edge.RunAsync(Ask);
        Assert.True(restarted.ExitCode == 0, restarted.StandardError + await edge.JournalAsync());

        // A connection that waited in between is closed as any other, and a stopped edge refuses.
        Assert.Equal("fine", restarted.StandardOutput.Trim());
        (await edge.RunAsync("systemctl stop tunnel-edge")).Succeeded();
        Assert.Equal(7, (await edge.RunAsync(Ask)).ExitCode);
    }
}
