using Tunnel.FunctionalTests.Harness.Machines;

namespace Tunnel.FunctionalTests;

/// <summary>Clients are served while a service is restarted by systemd, which keeps its sockets.</summary>
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

        // A connection that waited in between is closed as any other, and a stopped edge refuses new ones.
        Assert.Equal("fine", restarted.StandardOutput.Trim());
        (await edge.RunAsync("systemctl stop tunnel-edge")).Succeeded();
        Assert.Equal(7, (await edge.RunAsync(Ask)).ExitCode);
    }

    [Fact]
    public async Task A_reload_puts_a_new_process_in_the_place_of_the_edge_unless_it_can_not_start()
    {
        await using var machines = await MachinePair.BootAsync(withPackages: false);
        await MachineServices.StartAsync(machines);
        var edge = machines.Edge;
        (await edge.RunAsync($"systemd-run --unit download curl --output /dev/null --max-time 300 {MachineServices.Url}slow")).Succeeded();
        await edge.WaitForAsync("tunnel-edge status | grep 'streams   1'");
        var first = await MainProcessAsync(edge);

        // The error is logged, and nothing else happens.
        (await edge.RunAsync(
            "cp /etc/tunnel-edge/edge.json good.json && echo '{ \"lanes\": 99 }' > /etc/tunnel-edge/edge.json && systemctl "
                + "reload tunnel-edge")).Succeeded();
        await edge.WaitForAsync("journalctl --unit tunnel-edge | grep 'was not ready to replace this one'");
        Assert.Equal(first, await MainProcessAsync(edge));
        Assert.Equal("fine", (await edge.RunAsync(Ask)).Succeeded().StandardOutput.Trim());

        (await edge.RunAsync("cp good.json /etc/tunnel-edge/edge.json && systemctl reload tunnel-edge")).Succeeded();
        var wrong = await edge.RunAsync(
            $"while [ $(systemctl show --property MainPID --value tunnel-edge) = {first} ]; do {Ask} || exit 1; done");
        Assert.True(wrong.ExitCode == 0, wrong.StandardError + await edge.JournalAsync());
        var second = await MainProcessAsync(edge);

        // The download goes on at the process before; new clients are the new one's, which feeds the watchdog and is the one that is
        // stopped.
        Assert.Equal("fine", (await edge.RunAsync(Ask)).Succeeded().StandardOutput.Trim());
        (await edge.RunAsync($"systemctl is-active download tunnel-edge && kill -0 {first} && tunnel-edge status")).Succeeded();
        (await edge.RunAsync("systemctl stop download")).Succeeded();
        await edge.WaitForAsync($"! kill -0 {first}");
        await edge.WaitForAsync("systemctl is-active tunnel-edge && tunnel-edge status | grep connected");
        (await edge.RunAsync($"kill -KILL {second} && {Ask}")).Succeeded();
        (await edge.RunAsync("systemctl stop tunnel-edge")).Succeeded();
        Assert.Equal(7, (await edge.RunAsync(Ask)).ExitCode);
    }

    private static async Task<string> MainProcessAsync(Machine machine) =>
        (await machine.RunAsync("systemctl show --property MainPID --value tunnel-edge")).Succeeded().StandardOutput.Trim();
}
