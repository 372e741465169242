using Tunnel.FunctionalTests.Harness.Machines;

namespace Tunnel.FunctionalTests;

/// <summary>Edges and their clients go on while systemd starts the hub again and keeps its sockets.</summary>
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

    [Fact]
    public async Task A_reload_puts_a_new_process_in_the_place_of_the_hub_unless_it_can_not_start()
    {
        await using var machines = await MachinePair.BootAsync(withPackages: false);
        await MachineServices.StartAsync(machines);
        var (hub, edge) = (machines.Hub, machines.Edge);
        (await edge.RunAsync($"systemd-run --unit download curl --output /dev/null --max-time 300 {MachineServices.Url}slow")).Succeeded();
        await hub.WaitForAsync("tunnel-hub status --json | tr -d ' ' | grep '\"activeStreams\":1,'");
        var first = await MainProcessAsync(hub);

        // The error is logged, and nothing else happens.
        (await hub.RunAsync(
            "cp /etc/tunnel-hub/hub.json good.json && echo '{ \"lanes\": 99 }' > /etc/tunnel-hub/hub.json && systemctl reload tunnel-hub"))
            .Succeeded();
        await hub.WaitForAsync("journalctl --unit tunnel-hub | grep 'was not ready to replace this one'");
        Assert.Equal(first, await MainProcessAsync(hub));
        await edge.WaitForAsync(Ask);

        (await hub.RunAsync("cp good.json /etc/tunnel-hub/hub.json && systemctl reload tunnel-hub")).Succeeded();
        await hub.WaitForAsync($"[ $(systemctl show --property MainPID --value tunnel-hub) != {first} ]");
        var replaced = await edge.RunAsync($"for i in $(seq 20); do {Ask} || exit 1; done");
        Assert.True(replaced.ExitCode == 0, replaced.StandardError + await hub.JournalAsync());

        // The download goes on at the process before; commands find and stop the new one.
        (await hub.RunAsync($"kill -0 {first} && tunnel-hub status")).Succeeded();
        (await edge.RunAsync("systemctl is-active download && systemctl stop download")).Succeeded();
        await hub.WaitForAsync($"! kill -0 {first}");
        await hub.WaitForAsync("systemctl is-active tunnel-hub");
        await edge.WaitForAsync(Ask);
        (await hub.RunAsync("systemctl stop tunnel-hub")).Succeeded();
        Assert.NotEqual(0, (await edge.RunAsync(Dial)).ExitCode);
    }

    private static async Task<string> MainProcessAsync(Machine machine) =>
        (await machine.RunAsync("systemctl show --property MainPID --value tunnel-hub")).Succeeded().StandardOutput.Trim();
}
