using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge;
using Tunnel.Edge.Configuration;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Quic;
using Tunnel.Shared.Transport.Tls;
using Tunnel.TestUtilities.Processes;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Hub.UnitTests.EndToEnd;

/// <summary>
/// A whole hub and a whole edge are in this process, whose tunnels have few numbers left for streams and sessions, with real sockets for
/// clients and upstreams.
/// </summary>
public sealed class EndOfNumbersTests : IAsyncLifetime
{
    /// <summary>How many numbers a tunnel has left until it needs a successor.</summary>
    private const int Left = 4;

    private const string Secret = "a-secret-of-the-edge";
    private readonly TemporaryDirectory _directory = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Socket _upstream = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _upstreamUdp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly int _port = FreePorts.Next();
    private readonly TunnelHub _hub;
    private readonly Task _serving;

    public EndOfNumbersTests()
    {
        foreach (var socket in (Socket[])[_upstream, _upstreamUdp])
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _upstream.Listen();
        _serving = Task.WhenAll(EchoStreamsAsync(), AnswerDatagramsAsync());
        _hub = new TunnelHub(
            new TunnelHubOptions
            {
                TunnelPort = 0,
                BindAddress = "127.0.0.1",
                StateDir = _directory.Path,
                Edges =
                [
                    new EdgeDefinition
                    {
                        Id = "a",
                        Secret = Secret,
                        ListenPorts = [_port],
                        ListenPortsUdp = [_port],
                        Ports = EdgeDefinition.NoPorts
                            .Add(
                                $"tcp/{_port}",
                                new PortPolicyDefinition { TargetPort = PortOf(_upstream), ProxyProtocol = ProxyProtocol.Off })
                            .Add(
                                $"udp/{_port}",
                                new PortPolicyDefinition { TargetPort = PortOf(_upstreamUdp), UdpProxyProtocol = UdpProxyProtocol.Off }),
                    },
                ],
            },
            NullLoggerFactory.Instance);
    }

    public async ValueTask InitializeAsync() => await _hub.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _end.CancelAsync();
        await _serving;
        _upstream.Dispose();
        _upstreamUdp.Dispose();
        _end.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [InlineData(TransportKind.TcpTls)]
    [InlineData(TransportKind.Quic)]
    public async Task Another_tunnel_takes_over_and_nobody_is_reset(TransportKind kind)
    {
        if (kind == TransportKind.Quic && !QuicLibrary.TryLoad(out var missing))
        {
            Assert.SkipWhen(Environment.GetEnvironmentVariable("REQUIRE_QUIC") != "1", missing);
            Assert.Fail(missing);
        }

        await using var edge = new TunnelEdge(EdgeOptions(), NullLoggerFactory.Instance, dialer: Dialer(kind));
        var connected = 0;
        edge.TunnelConnected += (_, _) => Interlocked.Increment(ref connected);
        await edge.StartAsync();
        await Eventually.IsTrueAsync(() => edge.GetStatus().Ports.Length == 2, "both ports");
        using var datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await datagrams.ConnectAsync(IPAddress.Loopback, _port);
        var seenAs = await AskAsync(datagrams);

        List<Socket> clients = [];
        for (var tunnels = 1; tunnels < 4; tunnels++)
        {
            while (Volatile.Read(ref connected) == tunnels)
                clients.Add(await ConnectAsync());
        }

        Assert.InRange(clients.Count, 3 * (Left - 1), 200);
        foreach (var client in clients)
            await EchoAsync(client);
        Assert.Equal(seenAs, await AskAsync(datagrams));

        // The session is all that the oldest tunnel has left, and its upstream goes on seeing the same client.
        clients.ForEach(static client => client.Dispose());
        await Eventually.IsTrueAsync(() => _hub.GetStatus().ConnectedEdges[0].ActiveStreams == 0, "the end of all streams");
        Assert.Equal(seenAs, await AskAsync(datagrams));
        var status = edge.GetStatus();
        Assert.All(status.Refused.Values, static refused => Assert.Equal(0, refused));
        Assert.All(status.DatagramsDropped.Values, static dropped => Assert.Equal(0, dropped));
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private static ITunnelDialer Dialer(TransportKind kind)
    {
        var context = new TransportContext(new FlowControlOptions(), TimeProvider.System, NullLoggerFactory.Instance)
        {
            NumbersUsed = StreamIds.NearEnd - Left,
        };
        return kind == TransportKind.Quic ? new QuicTunnelDialer(context) : new TlsTunnelDialer(context);
    }

    private static async Task EchoAsync(Socket client)
    {
        await client.SendAsync("a"u8.ToArray());
        Assert.Equal(1, await client.ReceiveAsync(new byte[1]).WaitAsync(Patience.Limit));
    }

    /// <summary>Asks the upstream at which address it sees the client.</summary>
    private static async Task<string> AskAsync(Socket client)
    {
        await client.SendAsync("?"u8.ToArray());
        var answer = new byte[64];
        return Encoding.ASCII.GetString(answer, 0, await client.ReceiveAsync(answer).WaitAsync(Patience.Limit));
    }

    private async Task<Socket> ConnectAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, _port);
        await EchoAsync(client);
        return client;
    }

    private TunnelEdgeOptions EdgeOptions() => new()
    {
        HubHost = "127.0.0.1",
        HubPort = _hub.GetStatus().TunnelPort,
        EdgeId = "a",
        Secret = Secret,
        Pins = [_hub.CertificatePin!],
        BindAddress = IPAddress.Loopback,
        Firewall = FirewallMode.Off,
    };

    private async Task EchoStreamsAsync()
    {
        while (await AcceptAsync() is { } accepted)
            _ = EchoAllAsync(accepted);

        async Task<Socket?> AcceptAsync()
        {
            try
            {
                return await _upstream.AcceptAsync(_end.Token);
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }
    }

    private static async Task EchoAllAsync(Socket accepted)
    {
        using var own = accepted;
        var buffer = new byte[1024];
        while (await accepted.ReceiveAsync(buffer) is > 0 and var count)
            await accepted.SendAsync(buffer.AsMemory(0, count));
    }

    private async Task AnswerDatagramsAsync()
    {
        var buffer = new byte[64];
        try
        {
            while (true)
            {
                var asked = await _upstreamUdp.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _end.Token);
                await _upstreamUdp.SendToAsync(Encoding.ASCII.GetBytes($"{asked.RemoteEndPoint}"), asked.RemoteEndPoint, _end.Token);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }
}
