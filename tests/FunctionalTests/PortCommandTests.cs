using System.Net.Sockets;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>One port is changed by one command, under traffic.</summary>
public sealed class PortCommandTests
{
    [Fact]
    public async Task A_port_is_added_changed_and_removed_while_another_ones_connection_goes_on()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        var (kept, added, target) = (setup.Tcp[0], FreePorts.Next(), FreePorts.Next());
        using var keptUpstream = setup.Listen(kept);
        using var addedUpstream = setup.Listen(added);
        using var targetUpstream = setup.Listen(target);
        using var onKept = await setup.OpenAsync(keptUpstream, kept);

        var add = (await setup.Hub.RunAsync("port", "add", TunnelSetup.EdgeId, $"tcp/{added}", "--proxy", "off")).Succeeded();
        Assert.Equal($"~ {TunnelSetup.EdgeId}: +tcp/{added}\nApplied.", add.StandardOutput.TrimEnd());
        await setup.Edge.WaitForPortsAsync([kept, added], []);
        await setup.AssertCarriesAsync(addedUpstream, added);

        var dry =
            (await setup.Hub.RunAsync("port", "set", TunnelSetup.EdgeId, $"tcp/{added}", "--to", $":{target}", "--dry-run")).Succeeded();
        Assert.EndsWith("Dry run: nothing was changed.", dry.StandardOutput.TrimEnd(), StringComparison.Ordinal);
        await setup.AssertCarriesAsync(addedUpstream, added);
        (await setup.Hub.RunAsync("port", "set", TunnelSetup.EdgeId, $"tcp/{added}", "--to", $":{target}")).Succeeded();
        await setup.AssertCarriesAsync(targetUpstream, added);

        (await setup.Hub.RunAsync("port", "remove", TunnelSetup.EdgeId, $"tcp/{added}")).Succeeded();
        await setup.Edge.WaitForPortsAsync([kept], []);
        await onKept.AssertEchoAsync();
    }

    [Fact]
    public async Task An_upstream_that_hangs_up_at_the_header_is_named_and_one_command_ends_it()
    {
        await using var setup = await TunnelSetup.StartAsync();
        var port = setup.Tcp[0];
        using var upstream = setup.Listen(port);
        const string words = "seems not to expect a PROXY header";

        // Five in a row are enough, unless this machine is so busy that one took 100 ms.
        for (var i = 0; i < 200 && !setup.Hub.Process.Log.Contains(words, StringComparison.Ordinal); i++)
        {
            using var client = await setup.ConnectAsync(port);
            using var taken = await upstream.AcceptSocketAsync(TestContext.Current.CancellationToken);
            taken.Close();
            await WaitForEndAsync(client);
        }

        await setup.Hub.Process.WaitForLineAsync(words);
        await using (var events = ManagedProcess.Start(
            "curl", DebianProgram.Curl, [
                "--silent", "--no-buffer", "--unix-socket", setup.Hub.AdminSocket, "-H", "Last-Event-ID: 0",
                "http://hub/api/v1/events?types=proxyHeaderDoubted"]))
        {
            await events.WaitForLineAsync(
                $"\"edgeId\":\"{TunnelSetup.EdgeId}\",\"port\":{port},\"target\":\"{setup.TargetAddress}:{port}\"");
        }

        var status = (await setup.Hub.RunAsync("status")).Succeeded();
        Assert.Contains(
            $"tunnel-hub port set {TunnelSetup.EdgeId} tcp/{port} --proxy off", status.StandardOutput, StringComparison.Ordinal);

        (await setup.Hub.RunAsync("port", "set", TunnelSetup.EdgeId, $"tcp/{port}", "--proxy", "off")).Succeeded();
        await setup.AssertCarriesAsync(upstream, port);
        status = (await setup.Hub.RunAsync("status")).Succeeded();
        Assert.DoesNotContain("PROXY header", status.StandardOutput, StringComparison.Ordinal);
    }

    private static async Task WaitForEndAsync(Socket client)
    {
        try
        {
            Assert.Equal(0, await client.ReceiveAsync(new byte[1]).WaitAsync(TimeSpan.FromSeconds(30)));
        }
        catch (SocketException)
        {
            // The client is reset, because its upstream had not read the header.
        }
    }
}
