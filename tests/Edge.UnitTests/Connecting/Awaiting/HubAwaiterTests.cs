using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Connecting.Awaiting;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge.UnitTests.Connecting.Awaiting;

public sealed class HubAwaiterTests : IDisposable
{
    private readonly LogLines _log = new();
    private readonly DescriptorGuard _descriptors;
    private readonly X509Certificate2 _certificate = TestCertificates.Make(null, null, "hub.test");
    private readonly HubAwaiter _awaiter;
    private readonly IPEndPoint _port;

    public HubAwaiterTests()
    {
        var time = new ManualTimeProvider();
        _descriptors = new DescriptorGuard(() => int.MaxValue, time);
        _awaiter = new HubAwaiter(
            IPAddress.Loopback, 0, allowed: null, SocketStore.None,
            new TransportContext(new FlowControlOptions(), time, NullLoggerFactory.Instance), _descriptors, _log);
        // A wish that is given up at once: it listens from now on, and nobody wants a connection.
        Assert.True(_awaiter.ConnectAsync(Request, new CancellationToken(canceled: true)).IsCanceled);
        _port = IPEndPoint.Parse(Assert.Single(_log.Lines).Split(' ')[^1]);
    }

    public void Dispose()
    {
        _awaiter.Dispose();
        _descriptors.Dispose();
        _certificate.Dispose();
    }

    [Fact]
    public async Task With_too_few_descriptors_the_oldest_stranger_gives_way_as_at_a_hub()
    {
        using var oldest = await GreetedAsync();
        _descriptors.OnShortage();

        using var newcomer = await GreetedAsync();

        await EndAsync(() => oldest.ReceiveAsync(new byte[4096]));
        await CountedAsync("notInTime");
    }

    [Fact]
    public async Task A_connection_of_the_hub_that_waits_gives_way_to_no_stranger()
    {
        var unexpected = new TaskCompletionSource();
        _awaiter.Unexpected += unexpected.SetResult;
        await using var hub = await ServeAsHubAsync();
        await unexpected.Task.Soon();
        _descriptors.OnShortage();

        using var stranger = await ConnectAsync();

        await EndAsync(() => stranger.ReceiveAsync(new byte[4096]));
        await CountedAsync("descriptorLimit");
        var (connection, _) = await _awaiter.ConnectAsync(Request, CancellationToken.None).Soon();
        await connection!.DisposeAsync();
    }

    [Fact]
    public async Task A_connection_of_the_hub_that_waits_is_closed_when_the_edge_stops()
    {
        await using var hub = await ServeAsHubAsync();

        _awaiter.Dispose();

        await EndAsync(() => hub.ReadAsync(new byte[1]).AsTask());
    }

    [Fact]
    public async Task A_connection_of_the_hub_that_waits_is_closed_when_another_process_is_to_have_the_next()
    {
        await using var hub = await ServeAsHubAsync();

        await _awaiter.PauseAsync();

        await EndAsync(() => hub.ReadAsync(new byte[1]).AsTask());
        Assert.Empty(_awaiter.Strangers.ToDictionary());
    }

    private DialRequest Request => ProbeRequest.To(
        new IPEndPoint(IPAddress.None, 1), new TunnelEdgeOptions { HubHost = "hub.test", EdgeId = "a", Secret = "secret-of-the-edge" },
        [CertificatePin.Compute(_certificate)]);

    private Task CountedAsync(string kind) => Eventually.IsTrueAsync(
        () => _awaiter.Strangers.ToDictionary() is { Count: 1 } counts && counts.GetValueOrDefault(kind) == 1, "it is counted");

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_port).Soon();
        return socket;
    }

    private async Task<SslStream> ServeAsHubAsync()
    {
        var stream = new SslStream(new NetworkStream(await ConnectAsync(), ownsSocket: true));
        await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificate = _certificate,
            ApplicationProtocols = [new SslApplicationProtocol(TunnelProtocol.Alpn)],
            EnabledSslProtocols = SslProtocols.Tls13,
        }).Soon();
        return stream;
    }

    // The edge is TLS's client, so that it speaks first to whoever may stay.
    private async Task<Socket> GreetedAsync()
    {
        var socket = await ConnectAsync();
        Assert.NotEqual(0, await socket.ReceiveAsync(new byte[1]).Soon());
        return socket;
    }

    private static async Task EndAsync(Func<Task<int>> readAsync)
    {
        try
        {
            while (await readAsync().Soon() > 0)
            {
            }
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            // It was closed with something unread.
        }
    }
}
