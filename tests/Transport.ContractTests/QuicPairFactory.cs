using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol.Handshake;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Quic;
using Tunnel.Shared.Transport.Quic.Connections;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Transport.ContractTests;

/// <summary>
/// Pairs over QUIC on loopback. Without libmsquic the tests are skipped with the reason, or fail where REQUIRE_QUIC=1 says that it has to
/// be there.
/// </summary>
public sealed class QuicPairFactory : ITunnelPairFactory
{
    /// <summary>Skips or fails the present test when QUIC can't be used.</summary>
    public static void Require()
    {
        if (!QuicLibrary.TryLoad(out var reason))
            Miss(reason);
    }

    /// <summary>Skips or fails the present test, which lacks something that QUIC needs.</summary>
    public static void Miss(string reason)
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("REQUIRE_QUIC") != "1", reason);
        Assert.Fail(reason);
    }

    public async Task<TunnelPair> CreateAsync(TestHub hub, TestEdge edge, FlowControlOptions? flow = null, uint numbersUsed = 0)
    {
        Require();
        var hubContext = MakeContext(flow);
        var edgeContext = MakeContext(flow, numbersUsed);
        hub.Context = hubContext;
        var accepted = new TaskCompletionSource<ITunnel>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var listener = Listen(hubContext, connection => _ = AcceptAsync(connection, hubContext, hub, accepted));
        var result = await new QuicTunnelDialer(edgeContext).DialAsync(Request(listener.LocalEndPoint, edge), CancellationToken.None);
        Assert.Null(result.Failure);
        var hubTunnel = await accepted.Task.WaitAsync(SocketHelpers.Hang);
        hubTunnel.Start();
        result.Tunnel!.Start();
        return new TunnelPair(hubTunnel, result.Tunnel, hubContext, edgeContext);
    }

    internal static TransportContext MakeContext(FlowControlOptions? flow = null, uint numbersUsed = 0) =>
        new(
            flow ?? new FlowControlOptions(), TimeProvider.System,
            NullLoggerFactory.Instance)
        { NumbersUsed = numbersUsed, ResumeGrace = TransportContext.DefaultResumeGrace };

    internal static QuicTunnelListener Listen(TransportContext context, Action<QuicConnection> onConnection, int retryThreshold = 256) =>
        QuicTunnelListener.Start(context, new QuicListenerOptions
        {
            Address = new IPEndPoint(IPAddress.Loopback, 0),
            Certificate = TlsPairFactory.Certificate,
            OnConnection = onConnection,
            RetryThreshold = retryThreshold,
        });

    internal static DialRequest Request(IPEndPoint address, IEdgeTunnelHandler edge) => new()
    {
        Address = address,
        HostName = "hub.test",
        EdgeId = "edge-1",
        Secret = "0123456789abcdef",
        Pins = [CertificatePin.Compute(TlsPairFactory.Certificate)],
        Hello = new Hello { Version = "test", Instance = "00112233445566778899aabbccddeeff" },
        Handler = edge,
    };

    /// <summary>Lets any edge in, as the hub does after it has checked the secret.</summary>
    internal static async Task AcceptAsync(
        QuicConnection connection, TransportContext context, IHubTunnelHandler hub, TaskCompletionSource<ITunnel> accepted)
    {
        try
        {
            await connection.AcceptControlAsync(CancellationToken.None);
            var line = await LineReader.ReadAsync(connection.Stream, EdgeLine.MaxLength, CancellationToken.None);
            await connection.Stream.WriteAsync(HubLine.Serialize(new TunnelConfig
            {
                ListenPorts = [443],
                Hub = TunnelProtocol.CreateHubInfo(context, "test", "tunnel-1", 1),
            }));
            accepted.TrySetResult(QuicTransport.CreateHub(connection, "edge-1", line.After, context, hub));
        }
        catch (Exception e)
        {
            accepted.TrySetException(e);
            await connection.DisposeAsync();
        }
    }
}
