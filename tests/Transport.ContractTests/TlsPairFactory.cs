using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol.Handshake;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Tls;
using Tunnel.Shared.Transport.Tls.Connections;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Transport.ContractTests;

/// <summary>Makes pairs over TLS on loopback, with a certificate made for this run.</summary>
public sealed class TlsPairFactory : ITunnelPairFactory
{
    internal static readonly X509Certificate2 Certificate = MakeCertificate();

    /// <summary>How long what is open outlives its connection, and whether it may move to another tunnel.</summary>
    public TimeSpan ResumeGrace { get; init; }

    public Task<TunnelPair> CreateAsync(TestHub hub, TestEdge edge, FlowControlOptions? flow = null, uint numbersUsed = 0) =>
        CreateAsync(hub, edge, LaneOptions.None, LaneOptions.None, flow, numbersUsed, ResumeGrace);

    internal static async Task<TunnelPair> CreateAsync(
        TestHub hub, TestEdge edge, LaneOptions hubLanes, LaneOptions edgeLanes, FlowControlOptions? flow = null, uint numbersUsed = 0,
        TimeSpan resumeGrace = default)
    {
        var hubContext = new TransportContext(
            flow ?? new FlowControlOptions(), TimeProvider.System,
            NullLoggerFactory.Instance)
        { Lanes = hubLanes, ResumeGrace = resumeGrace };
        var edgeContext = new TransportContext(
            flow ?? new FlowControlOptions(), TimeProvider.System,
            NullLoggerFactory.Instance)
        { Lanes = edgeLanes, NumbersUsed = numbersUsed, ResumeGrace = resumeGrace };
        hub.Context = hubContext;

        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var accepting = AcceptAsync(listener, hubContext, hub);
        var result = await new TlsTunnelDialer(edgeContext).DialAsync(
            Request((IPEndPoint)listener.LocalEndPoint!, edge), CancellationToken.None);
        Assert.Null(result.Failure);
        var hubTunnel = await accepting;
        hubTunnel.Start();
        result.Tunnel!.Start();
        return new TunnelPair(hubTunnel, result.Tunnel, hubContext, edgeContext);
    }

    internal static DialRequest Request(IPEndPoint address, IEdgeTunnelHandler edge) => new()
    {
        Address = address,
        HostName = "hub.test",
        EdgeId = "edge-1",
        Secret = "0123456789abcdef",
        Pins = [CertificatePin.Compute(Certificate)],
        Hello = new Hello { Version = "test", Instance = "00112233445566778899aabbccddeeff" },
        Handler = edge,
    };

    internal static async Task<ITunnel> AcceptAsync(
        Socket listener, TransportContext context, IHubTunnelHandler hub, string tunnelId = "tunnel-1")
    {
        var connection = new TlsConnection(await listener.AcceptAsync());
        await connection.Stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificate = Certificate,
            ApplicationProtocols = [new SslApplicationProtocol(TunnelProtocol.Alpn)],
            EnabledSslProtocols = SslProtocols.Tls13,
        });
        var line = await LineReader.ReadAsync(connection.Stream, EdgeLine.MaxLength, CancellationToken.None);
        await connection.Stream.WriteAsync(HubLine.Serialize(new TunnelConfig
        {
            ListenPorts = [443],
            Hub = TunnelProtocol.CreateHubInfo(context, "test", tunnelId, 1),
        }));
        return TlsTunnel.CreateHub(connection, "edge-1", line.After, context, hub);
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=hub.test", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }
}
