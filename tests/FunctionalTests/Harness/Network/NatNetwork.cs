using System.Net;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Harness.Network;

/// <summary>
/// Three network namespaces of a test: a home behind a router that masquerades and lets nothing in (nft), and the world before it. The
/// world even has a route to the home, so that it is the router's rules that keep it out.
/// </summary>
public sealed class NatNetwork : IAsyncDisposable
{
    /// <summary>The address of the router in the world, and so of everybody behind it.</summary>
    public static readonly IPAddress Router = IPAddress.Parse("10.8.0.1");

    private const string Rules = """
        table ip home {
            chain postrouting { type nat hook postrouting priority 100; oifname "wan" masquerade; }
            chain forward { type filter hook forward priority 0; ct state established,related accept; iifname "wan" reject with tcp reset; }
        }
        """;

    private static int _count;
    private readonly string _router;

    private NatNetwork(string name)
    {
        _router = name + "-router";
        Home = new NetworkEnd(name + "-home", IPAddress.Parse("192.168.7.2"));
        World = new NetworkEnd(name + "-world", IPAddress.Parse("10.8.0.2"));
    }

    /// <summary>The home, behind the router.</summary>
    public NetworkEnd Home { get; }

    /// <summary>The world, in front of the router.</summary>
    public NetworkEnd World { get; }

    /// <summary>Makes all three; the test is skipped where this is not possible.</summary>
    public static async Task<NatNetwork> StartAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        var network = new NatNetwork($"tunnel-nat-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}");
        foreach (var space in network.Spaces)
            await IpAsync("netns", "add", space);
        await IpAsync("-n", network._router, "link", "add", "lan", "type", "veth", "peer", "name", "eth", "netns", network.Home.Name);
        await IpAsync("-n", network._router, "link", "add", "wan", "type", "veth", "peer", "name", "eth", "netns", network.World.Name);
        await ConfigureAsync(network._router, "lan", "192.168.7.1/24");
        await ConfigureAsync(network._router, "wan", $"{Router}/24");
        await ConfigureAsync(network.Home.Name, "eth", $"{network.Home.Address}/24");
        await ConfigureAsync(network.World.Name, "eth", $"{network.World.Address}/24");
        await network.AddRouteAsync();
        await IpAsync("-n", network.World.Name, "route", "add", "192.168.7.0/24", "via", $"{Router}");
        await network.InRouterAsync("/bin/sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
        await network.InRouterAsync(DebianProgram.Nft, Rules);
        return network;
    }

    /// <summary>Takes the home's way to the world.</summary>
    public Task RemoveRouteAsync() => IpAsync("-n", Home.Name, "route", "del", "default");

    /// <summary>Gives the home its way to the world.</summary>
    public Task AddRouteAsync() => IpAsync("-n", Home.Name, "route", "add", "default", "via", "192.168.7.1");

    /// <summary>Gives the world's machine another address instead of the one that it has.</summary>
    public async Task MoveAsync(IPAddress from, IPAddress to)
    {
        await IpAsync("-n", World.Name, "addr", "add", $"{to}/24", "dev", "eth");
        await IpAsync("-n", World.Name, "addr", "del", $"{from}/24", "dev", "eth");
        // The second address of a network goes with the first, unless it is promoted.
        await ManagedProcess.RunAsync(DebianProgram.Ip, ["-n", World.Name, "addr", "add", $"{to}/24", "dev", "eth"]);
        await ManagedProcess.RunAsync(DebianProgram.Ip, ["-n", World.Name, "route", "add", "192.168.7.0/24", "via", $"{Router}"]);
    }

    /// <summary>
    /// Says which address a name has for the programs in the home: <c>ip netns exec</c> shows them this file as /etc/hosts.
    /// </summary>
    public void Name(string name, IPAddress address)
    {
        var directory = Directory.CreateDirectory(HostsDirectory);
        // The file is written and not replaced: a running program has this very file.
        File.WriteAllText(Path.Combine(directory.FullName, "hosts"), $"{address} {name}\n");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var space in Spaces)
            await ManagedProcess.RunAsync(DebianProgram.Ip, ["netns", "del", space]);
        if (Directory.Exists(HostsDirectory))
            Directory.Delete(HostsDirectory, recursive: true);
    }

    private IEnumerable<string> Spaces => [Home.Name, _router, World.Name];

    private string HostsDirectory => "/etc/netns/" + Home.Name;

    private static async Task ConfigureAsync(string space, string device, string address)
    {
        await IpAsync("-n", space, "link", "set", "lo", "up");
        await IpAsync("-n", space, "addr", "add", address, "dev", device);
        await IpAsync("-n", space, "link", "set", device, "up");
    }

    private static async Task IpAsync(params string[] arguments) =>
        (await ManagedProcess.RunAsync(DebianProgram.Ip, arguments)).Succeeded();

    private async Task InRouterAsync(string program, params string[] arguments) =>
        await IpAsync(["netns", "exec", _router, program, .. arguments]);
}
