using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Handshake;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Mux;
using Tunnel.Shared.Transport.Tls;
using Tunnel.Shared.Transport.Tls.Connections;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.OpenSsl;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Transport.ContractTests;

/// <summary>
/// Peers that are let in send what costs much and carries nothing: none may keep an event loop to itself, at either end.
/// </summary>
public sealed class TlsRecordFloodTests
{
    private const int Many = 20_000;

    [Fact]
    public async Task A_tunnel_whose_edge_sends_nothing_but_new_keys_is_ended_and_says_why()
    {
        var (hub, edge) = await ConnectToHubAsync(new ScriptedHubHandler());
        using (edge)
            await UpdateKeysUntilClosedAsync(edge);

        AssertFlood(await hub.Completion.WaitAsync(SocketHelpers.Hang));
    }

    [Fact]
    public async Task A_tunnel_whose_hub_sends_nothing_but_new_keys_is_ended_and_says_why()
    {
        using var listener = Listen();
        var dialing = new TlsTunnelDialer(NewContext()).DialAsync(
            new DialRequest
            {
                Address = (IPEndPoint)listener.LocalEndPoint!,
                HostName = "hub.test",
                EdgeId = "edge-1",
                Secret = "0123456789abcdef",
                Pins = [CertificatePin.Compute(TlsPairFactory.Certificate)],
                Hello = new Hello { Version = "test", Instance = "00112233445566778899aabbccddeeff" },
                Handler = new TestEdge(),
            },
            CancellationToken.None);
        using var hub = await Task.Run(() => OpenSslPeer.Accept(listener.Accept(), TlsPairFactory.Certificate));
        await Task.Run(hub.ReadLine);
        hub.Send(HubLine.Serialize(new TunnelConfig { ListenPorts = [443] }));
        var edge = (await dialing.WaitAsync(SocketHelpers.Hang)).Tunnel!;
        edge.Start();

        await UpdateKeysUntilClosedAsync(hub);

        AssertFlood(await edge.Completion.WaitAsync(SocketHelpers.Hang));
    }

    [Fact]
    public async Task New_keys_between_frames_are_nobodys_fault()
    {
        var handler = new ScriptedHubHandler();
        var (hub, edge) = await ConnectToHubAsync(handler);
        for (uint id = 1; id <= 50; id++)
        {
            Assert.True(edge.UpdateKeys(10));
            edge.Send(ScriptedPeer.Frame(id, FrameType.Open, ScriptedPeer.OpenLine));
        }

        for (uint id = 1; id <= 50; id++)
            Assert.Equal(id, (await handler.NextStreamAsync()).Id);
        Assert.False(hub.Completion.IsCompleted);
        edge.Dispose();
    }

    /// <summary>An OPEN is a dozen system calls: nobody else's turn may wait for as many as fit into a read.</summary>
    [Fact]
    public async Task A_turn_ends_after_a_few_frames_that_cost_much()
    {
        const int Streams = 1000;
        var opened = 0;
        var openedWhenOthersHadTheirTurn = 0;
        var handler = new ScriptedHubHandler();
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(NewContext(), handler);
        handler.OnStream = _ =>
        {
            if (++opened == 1)
                ((MuxTunnel)hub).Links.Current.Connection.Loop.Post(() => openedWhenOthersHadTheirTurn = opened);
        };
        await edge.SendAsync(
            [.. Enumerable.Range(1, Streams).Select(static id => ScriptedPeer.Frame((uint)id, FrameType.Open, ScriptedPeer.OpenLine))]);
        for (var i = 0; i < Streams; i++)
            await handler.NextStreamAsync();

        Assert.InRange(openedWhenOthersHadTheirTurn, 1, 16);
        await edge.DisposeAsync();
    }

    private static SslServerAuthenticationOptions Options =>
        new() { ServerCertificate = TlsPairFactory.Certificate, EnabledSslProtocols = SslProtocols.Tls13 };

    private static async Task<(ITunnel Hub, OpenSslPeer Edge)> ConnectToHubAsync(IHubTunnelHandler handler)
    {
        using var listener = Listen();
        var connecting = Task.Run(() => OpenSslPeer.Connect((IPEndPoint)listener.LocalEndPoint!));
        var connection = new TlsConnection(await listener.AcceptAsync());
        await connection.Stream.AuthenticateAsServerAsync(Options);
        var hub = TlsTunnel.CreateHub(connection, "edge-1", default, NewContext(), handler);
        var edge = await connecting.WaitAsync(SocketHelpers.Hang);
        hub.Start();
        return (hub, edge);
    }

    private static async Task UpdateKeysUntilClosedAsync(OpenSslPeer peer) =>
        Assert.False(await Task.Run(() => peer.UpdateKeys(Many)).WaitAsync(SocketHelpers.Hang));

    private static void AssertFlood(TunnelEnd end)
    {
        Assert.Equal(TunnelEndKind.ProtocolError, end.Kind);
        Assert.Contains("64 TLS records in a row without content", end.Detail);
    }

    private static Socket Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    private static TransportContext NewContext() => new(new FlowControlOptions(), new ManualTimeProvider(), NullLoggerFactory.Instance);
}
