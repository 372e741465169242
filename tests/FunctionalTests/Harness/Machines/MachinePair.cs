using Tunnel.FunctionalTests.Harness.Network;
using Tunnel.TestUtilities;

namespace Tunnel.FunctionalTests.Harness.Machines;

/// <summary>
/// The two machines of the pages, <c>hub</c> and <c>vps</c>, with a link between them and nothing of the product installed. As after a
/// download, root's home has the package, the archive and the sums.
/// </summary>
internal sealed class MachinePair : IAsyncDisposable
{
    private readonly NamespacePair _network;

    private MachinePair(NamespacePair network, Machine hub, Machine edge)
    {
        _network = network;
        Hub = hub;
        Edge = edge;
    }

    public Machine Hub { get; }

    public Machine Edge { get; }

    /// <summary>The edge's end of the link, where its clients can be too.</summary>
    public NetworkEnd Clients => _network.Near;

    /// <param name="withPackages">Whether root's home has the packages.</param>
    public static async Task<MachinePair> BootAsync(bool withPackages = true)
    {
        Assert.SkipWhen(NamespacePair.Unavailable is not null, NamespacePair.Unavailable ?? "");
        var network = await NamespacePair.StartAsync();
        var hosts = $"{network.Far.Address} hub hub.example.com new.example.com\\n{network.Near.Address} vps vps.example.com\\n";
        Machine? hub = null;
        try
        {
            hub = await Machine.BootAsync("hub", network.Far, hosts);
            var pair = new MachinePair(network, hub, await Machine.BootAsync("vps", network.Near, hosts));
            if (withPackages)
            {
                await DeliverAsync(pair.Hub, Packages.Hub);
                await DeliverAsync(pair.Edge, Packages.Edge);
            }

            return pair;
        }
        catch
        {
            if (hub is not null)
                await hub.DisposeAsync();
            await network.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Edge.DisposeAsync();
        await Hub.DisposeAsync();
        await _network.DisposeAsync();
    }

    private static async Task DeliverAsync(Machine machine, string name) =>
        (await machine.RunAsync($"cp '{Packages.Deb(name)}' '{Packages.Archive(name)}' '{Packages.Sums}' .")).Succeeded();
}
