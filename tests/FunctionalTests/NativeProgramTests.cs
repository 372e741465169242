using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>The native programs keep what only they promise.</summary>
public sealed class NativeProgramTests : IDisposable
{
    private const string OnlyNative = "is about the native programs: ./tunnel test --native";

    // The bounds are the goals: above what was measured (docs/operations/sizing.md) by what differs from one machine to the next.
    private const int EdgeMegabytes = 30;
    private const int HubMegabytes = 40;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-functional-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Programs_that_do_nothing_hold_little_memory()
    {
        Assert.SkipUnless(Binaries.AreNative, OnlyNative);
        await using var setup = await TunnelSetup.StartAsync(edgeArguments: ["--firewall", "off"]);
        await HoldsAtMostAsync(setup.Edge.Process, EdgeMegabytes);
        await HoldsAtMostAsync(setup.Hub.Process, HubMegabytes);
    }

    [Fact]
    public async Task Without_proc_clients_are_served_all_the_same()
    {
        Assert.SkipUnless(Binaries.AreNative, OnlyNative + " (the runtime of the others does not start without /proc)");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "hiding /proc needs root");
        var (target, address, port) = (LoopbackAddresses.Next(), LoopbackAddresses.Next(), FreePorts.Next());
        var (configuration, socket) = (Path.Combine(_directory.FullName, "hub.json"), Path.Combine(_directory.FullName, "hub.sock"));
        var settings = new JsonObject
        {
            ["tunnelPort"] = FreePorts.Next(),
            ["bindAddress"] = "127.0.0.1",
            ["targetHost"] = $"{target}",
            ["stateDir"] = Path.Combine(_directory.FullName, "hub"),
            ["adminSocket"] = socket,
        };
        await File.WriteAllTextAsync(configuration, settings.ToJsonString());
        await using var hub = WithoutProc("tunnel-hub", Binaries.Hub, "run", "--config", configuration);
        await Eventually.IsTrueAsync(() => File.Exists(socket), "the hub's start", explain: () => hub.Log);
        var added = await ManagedProcess.RunAsync(
            Binaries.Hub,
            [
                "edge", "add", "a", "--tcp", $"{port}", "--proxy", "off", "--host", $"127.0.0.1:{settings["tunnelPort"]}", "--admin-socket",
                socket]);
        var token = Path.Combine(_directory.FullName, "token");
        await File.WriteAllTextAsync(token, KnownSecrets.Add(added.Succeeded().StandardOutput.Trim()));
        using var upstream = new TcpListener(target, port);
        upstream.Start();
        await using var edge = WithoutProc(
            "tunnel-edge", Binaries.Edge, "run", "--token-file", token, "--bind-address", $"{address}", "--firewall", "off",
            "--stun-servers", "[]",
            "--state-dir", Path.Combine(_directory.FullName, "edge"), "--admin-socket", Path.Combine(_directory.FullName, "edge.sock"));
        await Eventually.IsTrueAsync(() => CanConnect(new IPEndPoint(address, port)), "the edge's port", explain: () => edge.Log + hub.Log);
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(new IPEndPoint(address, port));

        // The connection that only asked whether the port is there has gone again.
        await client.SendAsync("hello"u8.ToArray());
        await Eventually.IsTrueAsync(
            async () =>
            {
                using var server = await upstream.AcceptSocketAsync().WaitAsync(TimeSpan.FromSeconds(30));
                var received = new byte[5];
                return await server.ReceiveAsync(received) == 5 && received.AsSpan().SequenceEqual("hello"u8);
            },
            "the client's bytes", explain: () => edge.Log + hub.Log);
    }

    private static ManagedProcess WithoutProc(string name, string program, params string[] arguments) => ManagedProcess.Start(
        name, "/usr/bin/unshare", ["--mount", "/bin/sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh", program, .. arguments]);

    private static bool CanConnect(IPEndPoint port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // The memory that the start took is given back a few seconds later.
    private static Task HoldsAtMostAsync(ManagedProcess process, int megabytes) => Eventually.IsTrueAsync(
        () => ProcessFigures.ResidentBytes(process.Id) <= megabytes * 1_000L * 1_024,
        $"{process.Name} to hold at most {megabytes} MB of resident memory", TimeSpan.FromMinutes(1),
        () => $"It holds {ProcessFigures.ResidentBytes(process.Id) / 1_024_000} MB.");
}
