using Tunnel.FunctionalTests.Harness.Machines;

namespace Tunnel.FunctionalTests;

/// <summary>
/// The doctors run without an argument, where systemd runs the services by their units: as root, as the service's user and as others.
/// </summary>
public sealed class ServiceDoctorTests
{
    // The token is in the environment, as some operators keep it; the doctor has to find it there.
    private const string ByEnvironment = """
        printf 'TUNNEL_EDGE__TOKEN=%s\n' "$(cat /etc/tunnel-edge/token)" > /etc/tunnel-edge/environment && rm /etc/tunnel-edge/token
        printf '[Service]\nLoadCredential=\nExecStart=\nExecStart=/usr/bin/tunnel-edge run\nEnvironmentFile=/etc/tunnel-edge/environment\n' > /etc/systemd/system/tunnel-edge.service.d/environment.conf
        systemctl daemon-reload && systemctl restart tunnel-edge
        """;

    [Fact]
    public async Task They_find_what_the_services_run_with()
    {
        await using var machines = await MachinePair.BootAsync(withPackages: false);
        await MachineServices.StartAsync(machines);
        (await machines.Edge.RunAsync("chmod 600 /etc/tunnel-edge/token")).Succeeded();

        Assert.Contains(
            "edge vps has come to port 8443", (await machines.Hub.RunAsync("tunnel-hub doctor")).Succeeded().StandardOutput,
            StringComparison.Ordinal);
        await FindsAsync("tunnel-edge doctor", "ok       settings        those of the running service");
        await FindsAsync("runuser -u tunnel-edge -- tunnel-edge doctor", "but for its environment");

        var stranger = await machines.Edge.RunAsync("runuser -u nobody -- tunnel-edge doctor");
        Assert.Equal((1, ""), (stranger.ExitCode, stranger.StandardError));
        Assert.Contains("/etc/tunnel-edge/token is not yours to read", stranger.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("run this as root", stranger.StandardOutput, StringComparison.Ordinal);

        (await machines.Edge.RunAsync(ByEnvironment)).Succeeded();
        await machines.Edge.WaitForAsync($"curl {MachineServices.Url}");
        await FindsAsync("tunnel-edge doctor", "ok       settings        those of the running service");

        async Task FindsAsync(string command, string settings)
        {
            var found = (await machines.Edge.RunAsync(command)).Succeeded().StandardOutput;
            Assert.Contains(settings, found, StringComparison.Ordinal);
            Assert.Contains("the hub takes 'vps' and assigns 1 TCP", found, StringComparison.Ordinal);
        }
    }
}
