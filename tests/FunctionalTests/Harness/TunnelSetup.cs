using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>
/// A hub and an edge as real processes, connected. Clients connect to <see cref="EdgeAddress"/>, upstreams listen on
/// <see cref="TargetAddress"/>, both with the same port numbers. At the end both must stop in order.
/// </summary>
public sealed class TunnelSetup : IAsyncDisposable
{
    public const string EdgeId = "edge-1";

    private readonly DirectoryInfo _directory;

    private TunnelSetup(DirectoryInfo directory, IPAddress edgeAddress, IPAddress targetAddress, HubProcess hub)
    {
        _directory = directory;
        EdgeAddress = edgeAddress;
        TargetAddress = targetAddress;
        Hub = hub;
    }

    public HubProcess Hub { get; }

    public EdgeProcess Edge { get; private set; } = null!;

    /// <summary>The link between the two, where a test wants to break it.</summary>
    public CuttableLink? Link { get; private init; }

    public IPAddress EdgeAddress { get; }

    public IPAddress TargetAddress { get; }

    public string Token { get; private set; } = "";

    public int[] Tcp { get; private set; } = [];

    public int[] Udp { get; private set; } = [];

    public string Directory => _directory.FullName;

    /// <summary>Starts both and waits until all ports are bound.</summary>
    /// <param name="tcp">The number of TCP ports.</param>
    /// <param name="udp">The number of UDP ports.</param>
    /// <param name="policies">Port policies, made from the ports; null: the defaults.</param>
    /// <param name="edgeAddress">The address to which clients connect; null: an address of its own.</param>
    /// <param name="hubSettings">More settings of the hub.</param>
    /// <param name="cuttable">Whether to put a <see cref="CuttableLink"/> between the two.</param>
    /// <param name="edgeArguments">More arguments of the edge.</param>
    public static async Task<TunnelSetup> StartAsync(
        int tcp = 1,
        int udp = 0,
        Func<int[], int[], JsonObject>? policies = null,
        IPAddress? edgeAddress = null,
        JsonObject? hubSettings = null,
        bool cuttable = false,
        params string[] edgeArguments)
    {
        var directory = System.IO.Directory.CreateTempSubdirectory("tunnel-functional-");
        var target = LoopbackAddresses.Next();
        var hub = await HubProcess.StartAsync(directory.FullName, target, hubSettings);
        var setup = new TunnelSetup(directory, edgeAddress ?? LoopbackAddresses.Next(), target, hub)
        {
            Link = cuttable ? new CuttableLink(hub.EndPoint) : null,
            Tcp = FreePorts.Next(tcp),
            Udp = FreePorts.Next(udp),
        };
        setup.Token = await setup.Hub.AddEdgeAsync(EdgeId, setup.Tcp, setup.Udp, host: setup.Link?.EndPoint);
        if (policies is not null)
        {
            await setup.Hub.PutEdgeAsync(EdgeId, setup.Tcp, setup.Udp, policies(setup.Tcp, setup.Udp));
        }

        setup.Edge = EdgeProcess.Start(directory.FullName, setup.Token, setup.EdgeAddress, edgeArguments);
        await setup.Edge.WaitForPortsAsync(setup.Tcp, setup.Udp);
        return setup;
    }

    /// <summary>The policy of streams without a PROXY header: an upstream in a test gets what the client sent.</summary>
    public static JsonObject WithoutHeader(int[] tcp, int[] udp) => new()
    {
        ["default"] = new JsonObject { ["proxyProtocol"] = "off" },
    };

    /// <summary>An upstream in the test, at the address that the hub forwards to.</summary>
    /// <param name="port">Its port.</param>
    /// <param name="backlog">How many connections may wait to be accepted.</param>
    /// <param name="kernelBuffer">Bytes that the kernel may hold for each of its connections each way; null: as it likes.</param>
    public TcpListener Listen(int port, int backlog = 128, int? kernelBuffer = null)
    {
        var listener = new TcpListener(TargetAddress, port);
        if (kernelBuffer is { } bytes)
        {
            // Accepted sockets inherit both.
            listener.Server.ReceiveBufferSize = bytes;
            listener.Server.SendBufferSize = bytes;
        }

        listener.Start(backlog);
        return listener;
    }

    /// <summary>A client of one of the edge's ports.</summary>
    public async Task<Socket> ConnectAsync(int port, int? kernelBuffer = null)
    {
        var socket = new Socket(EdgeAddress.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (kernelBuffer is { } bytes)
        {
            socket.ReceiveBufferSize = bytes;
            socket.SendBufferSize = bytes;
        }

        await socket.ConnectAsync(new IPEndPoint(EdgeAddress, port)).WaitAsync(TimeSpan.FromSeconds(30));
        return socket;
    }

    /// <summary>A client and the connection that the hub made for it.</summary>
    public async Task<StreamPair> OpenAsync(TcpListener upstream, int port, int? kernelBuffer = null)
    {
        var client = await ConnectAsync(port, kernelBuffer);
        var server = await upstream.AcceptSocketAsync().WaitAsync(TimeSpan.FromSeconds(30));
        server.NoDelay = true;
        return new StreamPair(client, server);
    }

    /// <summary>Proves that the tunnel carries bytes both ways.</summary>
    public async Task AssertCarriesAsync(TcpListener upstream, int port)
    {
        using var pair = await OpenAsync(upstream, port);
        await pair.AssertEchoAsync();
    }

    /// <summary>Proves that the port is bound, and that a client is reset.</summary>
    public async Task AssertResetsAsync(int port)
    {
        try
        {
            using var client = await ConnectAsync(port);
            Assert.Equal((0, StreamEnd.Reset), await client.DrainAsync());
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            // The reset came before the connect was seen to be done.
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopAsync(Edge?.Process);
            await StopAsync(Hub.Process);
        }
        finally
        {
            if (Edge is not null)
            {
                await Edge.DisposeAsync();
            }

            Link?.Dispose();
            await Hub.DisposeAsync();
            _directory.Delete(recursive: true);
        }
    }

    private static async Task StopAsync(ManagedProcess? process)
    {
        if (process is null or { HasExited: true })
        {
            return;
        }

        process.Signal(ManagedProcess.SigTerm);
        var code = await process.WaitForExitAsync(TimeSpan.FromSeconds(40));
        Assert.True(code == 0, $"{process.Name} ended with code {code}:\n{process.Log}");
        Assert.DoesNotContain("Unhandled exception", process.Log);
    }
}
