using Tunnel.FunctionalTests.Harness.Machines;

namespace Tunnel.FunctionalTests;

/// <summary>What edges and their clients see while systemd starts the hub again and keeps its sockets.</summary>
public sealed class HubRestartTests
{
    private const string Ask = $"curl --max-time 60 {MachineServices.Url}";

    private const string Dial = "timeout 30 nc -z hub.example.com 8443";

    [Fact]
    public async Task The_tunnel_port_stays_open_while_the_hub_crashes_or_restarts_and_closes_with_a_stop()
    {
        await using var machines = await MachinePair.BootAsync(withPackages: false);
        await MachineServices.StartAsync(machines);
        var (hub, edge) = (machines.Hub, machines.Edge);

        // Two seconds pass before systemd starts it again; without the store the edge would be refused.
        (await hub.RunAsync("systemctl kill --signal KILL tunnel-hub")).Succeeded();
        var crashed = await edge.RunAsync($"for i in $(seq 30); do {Dial} || exit 1; sleep 0.1; done");
        Assert.True(crashed.ExitCode == 0, crashed.StandardError + await hub.JournalAsync());
        await hub.WaitForAsync("systemctl is-active tunnel-hub");
        await edge.WaitForAsync(Ask);

        (await hub.RunAsync("systemctl restart --no-block tunnel-hub")).Succeeded();
        var restarted = await edge.RunAsync($"for i in $(seq 100); do {Dial} || exit 1; sleep 0.05; done");
        Assert.True(restarted.ExitCode == 0, restarted.StandardError + await hub.JournalAsync());
        await hub.WaitForAsync("systemctl is-active tunnel-hub");
        await edge.WaitForAsync(Ask);

        (await hub.RunAsync("systemctl stop tunnel-hub")).Succeeded();
        Assert.NotEqual(0, (await edge.RunAsync(Dial)).ExitCode);
    }
}
