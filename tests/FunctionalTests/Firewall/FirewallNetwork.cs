using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Harness.Network;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Firewall;

/// <summary>
/// Three network namespaces of a test: the edge's machine between the hub's and the world with clients of several addresses. The packet
/// filter of the machine that runs the tests is never touched.
/// </summary>
public sealed class FirewallNetwork : IAsyncDisposable
{
    public static readonly IPAddress Edge4 = IPAddress.Parse("10.9.0.1");
    public static readonly IPAddress Edge6 = IPAddress.Parse("fd00:9::1");
    public static readonly IPAddress Hub = IPAddress.Parse("10.9.1.2");

    /// <summary>The edge's machine as the hub sees it.</summary>
    public static readonly IPAddress EdgeOfHub = IPAddress.Parse("10.9.1.1");

    /// <summary>Clients' addresses, each next to the others.</summary>
    public static readonly IPAddress[] Clients4 = [.. Enumerable.Range(10, 4).Select(last => IPAddress.Parse($"10.9.0.{last}"))];
    public static readonly IPAddress[] Clients6 = [.. Enumerable.Range(0x10, 4).Select(group => IPAddress.Parse($"fd00:9:0:{group:x}::1"))];

    private static int _count;

    private FirewallNetwork(string name) => (EdgeSpace, World, HubSpace) = (name + "-edge", name + "-world", name + "-hub");

    public string EdgeSpace { get; }

    public string World { get; }

    public string HubSpace { get; }

    private IEnumerable<string> Spaces => [EdgeSpace, World, HubSpace];

    public static async Task<FirewallNetwork> StartAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        var network = new FirewallNetwork($"tunnel-fw-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}");
        foreach (var space in network.Spaces)
            await IpAsync("netns", "add", space);
        // The socket is made inside the namespace, so that the machine's own never sees it.
        await IpAsync("-n", network.EdgeSpace, "link", "add", "world", "type", "veth", "peer", "name", "edge", "netns", network.World);
        await IpAsync("-n", network.EdgeSpace, "link", "add", "hub", "type", "veth", "peer", "name", "edge", "netns", network.HubSpace);
        await ConfigureAsync(network.EdgeSpace, "world", [$"{Edge4}/24", $"{Edge6}/32"]);
        await ConfigureAsync(network.EdgeSpace, "hub", [$"{EdgeOfHub}/24"]);
        await ConfigureAsync(network.HubSpace, "edge", [$"{Hub}/24"]);
        await ConfigureAsync(network.World, "edge", [.. Clients4.Select(a => $"{a}/24"), .. Clients6.Select(a => $"{a}/32")]);
        return network;
    }

    /// <summary>The program and arguments that run a program in a namespace.</summary>
    public static (string Program, string[] Arguments) In(string space, string program, params IEnumerable<string> arguments) =>
        (DebianProgram.Ip, ["netns", "exec", space, program, .. arguments]);

    /// <summary>A client of the edge's machine that comes from an address of the world.</summary>
    public Socket CreateClient(IPAddress source, SocketType type = SocketType.Stream) => NamespaceThread.Run("/run/netns/" + World, () =>
    {
        var socket = new Socket(source.AddressFamily, type, type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp);
        socket.Bind(new IPEndPoint(source, 0));
        return socket;
    });

    /// <summary>A listener on the hub's machine.</summary>
    public Socket Listen(int port) => NamespaceThread.Run("/run/netns/" + HubSpace, () =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(Hub, port));
        socket.Listen();
        return socket;
    });

    /// <summary>Proves that a source gets a connection.</summary>
    public async Task AssertConnectsAsync(IPAddress source, int port)
    {
        using var client = CreateClient(source);
        await client.ConnectAsync(EndPointFor(source, port)).WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>Proves that a source gets none: the filter has counted its packets and not let them in.</summary>
    public async Task AssertDroppedAsync(IPAddress source, int port, string counter)
    {
        var before = await CountAsync(counter);
        using var client = CreateClient(source);
        var connecting = client.ConnectAsync(EndPointFor(source, port));
        await Eventually.IsTrueAsync(
            async () => await CountAsync(counter) > before || connecting.IsCompleted, $"a dropped packet from {source}");
        Assert.False(connecting.IsCompleted, $"{source} was let in, or refused: {connecting.Exception?.Message}");
    }

    public static IPEndPoint EndPointFor(IPAddress source, int port) =>
        new(source.AddressFamily == AddressFamily.InterNetwork ? Edge4 : Edge6, port);

    /// <summary>Returns the packets of all counters whose name begins so.</summary>
    public async Task<long> CountAsync(string counter)
    {
        var listing =
            JsonNode.Parse((await NftAsync("-j", "list", "counters", "table", "inet", "tunnel_edge")).Succeeded().StandardOutput)!;
        return listing["nftables"]!.AsArray().Select(item => item!["counter"]).OfType<JsonObject>()
            .Where(item => ((string)item["name"]!).StartsWith(counter, StringComparison.Ordinal)).Sum(item => (long)item["packets"]!);
    }

    /// <summary>Runs nft on the edge's machine.</summary>
    public Task<ProgramResult> NftAsync(params string[] arguments)
    {
        var (program, all) = In(EdgeSpace, DebianProgram.Nft, arguments);
        return ManagedProcess.RunAsync(program, all);
    }

    public async Task<string> RulesetAsync() => (await NftAsync("list", "ruleset")).Succeeded().StandardOutput;

    public async ValueTask DisposeAsync()
    {
        foreach (var space in Spaces)
            await ManagedProcess.RunAsync(DebianProgram.Ip, ["netns", "del", space]);
    }

    private static async Task ConfigureAsync(string space, string device, IEnumerable<string> addresses)
    {
        await IpAsync("-n", space, "link", "set", "lo", "up");
        await IpAsync("-n", space, "link", "set", device, "up");
        foreach (var address in addresses)
        {
            // Duplicates are not searched for, since that makes an address wait.
            string[] more = address.Contains(':') ? ["nodad"] : [];
            await IpAsync(["-n", space, "addr", "add", address, "dev", device, .. more]);
        }
    }

    private static async Task IpAsync(params string[] arguments) =>
        (await ManagedProcess.RunAsync(DebianProgram.Ip, arguments)).Succeeded();
}
