using System.Net;
using System.Net.Sockets;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Harness.Network;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>A change of the machine's addresses makes the edge ask whether its hub is still there.</summary>
public sealed class AddressChangeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task An_address_that_is_added_makes_the_edge_ask_a_hub_that_it_has_just_heard()
    {
        Assert.SkipWhen(NamespacePair.Unavailable is not null, NamespacePair.Unavailable ?? "");
        await using var network = await NamespacePair.StartAsync();
        using var hub = new RawHub(network.Far.Bind(SocketType.Stream));
        var directory = Directory.CreateTempSubdirectory("tunnel-addresses-");
        try
        {
            await using var edge = EdgeProcess.Start(
                directory.FullName, hub.TokenFor("some-edge", "a-secret-of-the-edge"), IPAddress.Loopback, network.Near);
            using var tunnel = await hub.AcceptAsync();
            await tunnel.ReadLineAsync();
            var id = KnownSecrets.Add("an-id-that-nobody-logs");
            await tunnel.SendAsync(
                $$$"""{"listenPorts":[],"hub":{"version":"1","features":["probe"],"tunnelId":"{{{id}}}","maxFrame":65536,"initialWindow":1048576,"rev":1}}"""
                + "\n");
            await edge.WaitForPortsAsync([], []);
            Assert.Equal(FrameTypes.Hello, (await tunnel.ReadFrameAsync()).Type);

            // Nobody has connected, and the hub is heard without a pause: nothing else than the change is a reason to ask.
            var isAsked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var isChanged = false;
            var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var talking = Task.Run(async () =>
            {
                while (!isAsked.Task.IsCompleted)
                {
                    await tunnel.SendFrameAsync(0, FrameTypes.Ping, new byte[8]);
                    byte type;
                    while ((type = (await tunnel.ReadFrameAsync()).Type) != FrameTypes.Pong)
                    {
                        if (type != FrameTypes.Probe)
                            continue;
                        Assert.True(Volatile.Read(ref isChanged), "The edge has asked before anything changed.");
                        isAsked.TrySetResult();
                    }

                    answered.TrySetResult();
                }
            });
            await (await Task.WhenAny(answered.Task, talking)).WaitAsync(Limit);

            Volatile.Write(ref isChanged, true);
            var added = await ManagedProcess.RunAsync(
                DebianProgram.Ip, ["-n", network.Near.Name, "address", "add", "192.0.2.9/32", "dev", "lo"]);
            Assert.Equal(0, added.ExitCode);

            await talking.WaitAsync(Limit);
            Assert.True(isAsked.Task.IsCompleted);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
