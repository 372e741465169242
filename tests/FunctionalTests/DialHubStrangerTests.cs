using System.Net;
using System.Net.Sockets;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>The port at which an edge awaits its hub is on the Internet, and thousands of strangers who are no hub come to it.</summary>
public sealed class DialHubStrangerTests : IDisposable
{
    private const int Strangers = 2000;
    private const int OfOneAddress = 50;

    // This is what StrangerLimits.Default allows, plus the healthy clients' connections.
    private const int MostDescriptors = 1024 + 400;
    private const long MemorySlack = 200 << 20;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-dial-strangers-");
    private readonly IPAddress _edgeAddress = LoopbackAddresses.Next();
    private readonly IPAddress _target = LoopbackAddresses.Next();
    private readonly int _port = FreePorts.Next();
    private readonly int _dialPort = FreePorts.Next();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Two_thousand_strangers_disturb_nobody_take_a_bounded_share_and_are_cut_off()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, _target);
        var token = await hub.AddDialledEdgeAsync(TunnelSetup.EdgeId, _port, $"{_edgeAddress}:{_dialPort}");
        await using var edge = EdgeProcess.Start(_directory.FullName, token, _edgeAddress);
        await edge.WaitForPortsAsync([_port], []);
        var upstream = new TcpListener(_target, _port);
        upstream.Start(1024);
        await using var clients = SteadyClients.Start(upstream, new IPEndPoint(_edgeAddress, _port), perSecond: 20);
        await clients.WaitForMoreAsync(20);
        var (memory, descriptors) = (ProcessFigures.ResidentBytes(edge.Process.Id), ProcessFigures.Descriptors(edge.Process.Id));

        var ended = new List<Task>();
        for (var i = 0; i < Strangers; i++)
        {
            var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            stranger.Bind(new IPEndPoint(IPAddress.Parse($"127.10.{i / OfOneAddress}.1"), 0));
            await stranger.ConnectAsync(_edgeAddress, _dialPort).WaitAsync(TimeSpan.FromSeconds(30));
            ended.Add(WaitForEndAsync(stranger));
            if (i % OfOneAddress == 0)
                Assert.InRange(ProcessFigures.Descriptors(edge.Process.Id), 1, descriptors + MostDescriptors);
        }

        Assert.InRange(ProcessFigures.ResidentBytes(edge.Process.Id), 1, memory + MemorySlack);
        await clients.WaitForMoreAsync(100);
        // Each stranger says nothing, so the edge has to end the connection.
        await Task.WhenAll(ended).WaitAsync(TimeSpan.FromSeconds(60));
        await Eventually.IsTrueAsync(
            () => Task.FromResult(ProcessFigures.Descriptors(edge.Process.Id) < descriptors + 100), "the strangers' descriptors",
            explain: () => edge.Process.Log);
        await clients.WaitForMoreAsync(20);
        Assert.Empty(await clients.FinishAsync());
        Assert.Equal(1, (await hub.ConnectedEdgeAsync(TunnelSetup.EdgeId))!.Value.GetProperty("tunnels").GetInt32());
        Assert.DoesNotContain("has lost its connection", hub.Process.Log);
    }

    private static async Task WaitForEndAsync(Socket socket)
    {
        var buffer = new byte[512];
        using (socket)
        {
            try
            {
                while (await socket.ReceiveAsync(buffer, SocketFlags.None) > 0)
                {
                }
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
            {
            }
        }
    }
}
