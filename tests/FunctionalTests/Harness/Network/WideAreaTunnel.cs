using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Harness.Network;

/// <summary>An edge with its clients in one namespace, a hub with its upstreams in another, and a bad network between.</summary>
public sealed class WideAreaTunnel : IAsyncDisposable
{
    private const string EdgeId = "edge-1";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-wan-");

    private WideAreaTunnel(NamespacePair link) => Link = link;

    public NamespacePair Link { get; }

    public HubProcess Hub { get; private set; } = null!;

    public EdgeProcess Edge { get; private set; } = null!;

    /// <summary>The edge's process.</summary>
    public string Token { get; private set; } = "";

    public int[] Tcp { get; private set; } = [];

    public int[] Udp { get; private set; } = [];

    /// <summary>Starts everything; the ports have no PROXY headers.</summary>
    /// <param name="transport">The edge's transport mode.</param>
    /// <param name="link">The link's options.</param>
    /// <param name="prepareAsync">Prepares the link before the edge dials.</param>
    public static async Task<WideAreaTunnel> StartAsync(string transport, string[] link, Func<NamespacePair, Task>? prepareAsync = null)
    {
        Assert.SkipWhen(NamespacePair.Unavailable is not null, NamespacePair.Unavailable ?? "");
        var tunnel = new WideAreaTunnel(await NamespacePair.StartAsync(link)) { Tcp = FreePorts.Next(2), Udp = FreePorts.Next(1) };
        try
        {
            await tunnel.StartAsync(transport, prepareAsync);
            return tunnel;
        }
        catch
        {
            await tunnel.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes an upstream.</summary>
    public Socket Listen(int port) => Link.Far.Bind(SocketType.Stream, IPAddress.Loopback, port);

    /// <summary>Makes an upstream for UDP.</summary>
    public Socket ListenUdp(int port) => Link.Far.Bind(SocketType.Dgram, IPAddress.Loopback, port);

    /// <summary>Opens a client's connection, and returns it with the one that the hub made for it.</summary>
    public Task<StreamPair> OpenAsync(Socket upstream, int port) => Link.Near.OpenAsync(upstream, port);

    public async Task<JsonElement> EdgeStatusAsync() => await Edge.StatusAsync() ?? throw new InvalidOperationException(Edge.Process.Log);

    public async ValueTask DisposeAsync()
    {
        if (Edge is not null)
            await Edge.DisposeAsync();
        if (Hub is not null)
            await Hub.DisposeAsync();
        await Link.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    private async Task StartAsync(string transport, Func<NamespacePair, Task>? prepareAsync)
    {
        Hub = await HubProcess.StartAsync(_directory.FullName, IPAddress.Loopback, place: Link.Far);
        Token = await Hub.AddEdgeAsync(EdgeId, Tcp, Udp, transport);
        await Hub.PutEdgeAsync(EdgeId, Tcp, Udp, TunnelSetup.WithoutHeader(Tcp, Udp));
        if (prepareAsync is not null)
            await prepareAsync(Link);
        Edge = EdgeProcess.Start(_directory.FullName, Token, IPAddress.Loopback, Link.Near, "--log-level", "debug");
        await Edge.WaitForPortsAsync(Tcp, Udp);
    }
}
