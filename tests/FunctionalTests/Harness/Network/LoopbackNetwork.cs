using System.Net;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Harness.Network;

/// <summary>
/// A machine of a test's own, with nothing but loopback: whoever listens there can be cut off from everybody without a word (nft).
/// </summary>
public sealed class LoopbackNetwork : IAsyncDisposable
{
    private const string Table = "cut";
    private static int _count;

    private LoopbackNetwork(string name) => Machine = new NetworkEnd(name, IPAddress.Loopback);

    /// <summary>The namespace in which all programs run.</summary>
    public NetworkEnd Machine { get; }

    /// <summary>Makes the network; the test is skipped where this is not possible.</summary>
    public static async Task<LoopbackNetwork> StartAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        var network = new LoopbackNetwork($"tunnel-lo-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}");
        (await ManagedProcess.RunAsync(DebianProgram.Ip, ["netns", "add", network.Machine.Name])).Succeeded();
        (await ManagedProcess.RunAsync(DebianProgram.Ip, ["-n", network.Machine.Name, "link", "set", "lo", "up"])).Succeeded();
        return network;
    }

    /// <summary>Drops every packet to and from a TCP port.</summary>
    public Task CutAsync(int port) => NftAsync(
        $"table ip {Table} {{ chain packets {{ type filter hook input priority 0; tcp dport {port} drop; tcp sport {port} drop; }}; }}");

    /// <summary>Lets everything through again.</summary>
    public Task HealAsync() => NftAsync("delete", "table", "ip", Table);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await ManagedProcess.RunAsync(DebianProgram.Ip, ["netns", "del", Machine.Name]);

    private async Task NftAsync(params string[] words)
    {
        var (program, arguments) = Machine.Command(DebianProgram.Nft, words);
        (await ManagedProcess.RunAsync(program, arguments)).Succeeded();
    }
}
