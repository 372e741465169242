using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Tls;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Hub.UnitTests.EndToEnd;

/// <summary>The smallest edge: a tunnel to a real hub, in which a test opens streams and sessions.</summary>
internal sealed class DialedEdge : IEdgeTunnelHandler, IDatagramSink, IAsyncDisposable
{
    private static readonly IPEndPoint Client = new(IPAddress.Parse("203.0.113.7"), 40000);
    private readonly TransportContext _context = new(new FlowControlOptions(), TimeProvider.System, NullLoggerFactory.Instance);
    private readonly Channel<TunnelConfig> _configs = Channel.CreateUnbounded<TunnelConfig>();
    private readonly Channel<string> _goAways = Channel.CreateUnbounded<string>();
    private readonly Channel<byte[]> _replies = Channel.CreateUnbounded<byte[]>();

    public ITunnel Tunnel { get; private set; } = null!;

    public TunnelConfig Config { get; private set; } = null!;

    public static async Task<DialedEdge> ConnectAsync(TunnelHub hub, string id, string secret, string instance)
    {
        var edge = new DialedEdge();
        var result = await edge.DialAsync(hub, id, secret, instance);
        Assert.Null(result.Failure);
        (edge.Tunnel, edge.Config) = (result.Tunnel!, result.Config!);
        edge.Tunnel.Start();
        return edge;
    }

    public Task<DialResult> DialAsync(TunnelHub hub, string id, string secret, string instance) => new TlsTunnelDialer(_context).DialAsync(
        new DialRequest
        {
            Address = new IPEndPoint(IPAddress.Loopback, hub.GetStatus().TunnelPort),
            HostName = "hub",
            EdgeId = id,
            Secret = secret,
            Pins = [hub.CertificatePin!],
            Hello = new Hello { Instance = instance, Version = "test" },
            Handler = this,
        },
        CancellationToken.None);

    /// <summary>A client of the edge's port, whose connection is a stream now.</summary>
    public async Task<Socket> OpenStreamAsync(int port)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndPoint!);
        var accepted = await listener.AcceptAsync();
        Assert.NotNull(Tunnel.OpenStream(Opening(port), new SocketEndpoint(accepted, _context), null));
        return client;
    }

    public ITunnelSession OpenSession(int port) => Tunnel.OpenSession(Opening(port), this)!;

    public Task<TunnelConfig> NextConfigAsync() => _configs.Reader.ReadAsync().AsTask().WaitAsync(Patience.Limit);

    public Task<string> NextGoAwayAsync() => _goAways.Reader.ReadAsync().AsTask().WaitAsync(Patience.Limit);

    public Task<byte[]> NextReplyAsync() => _replies.Reader.ReadAsync().AsTask().WaitAsync(Patience.Limit);

    public ValueTask DisposeAsync() => Tunnel.DisposeAsync();

    void ITunnelHandler.OnGoAway(ITunnel tunnel, GoAway goAway) => _goAways.Writer.TryWrite(goAway.Reason);

    void IEdgeTunnelHandler.OnConfig(ITunnel tunnel, TunnelConfig config) => _configs.Writer.TryWrite(config);

    void IDatagramSink.OnDatagram(ReadOnlySpan<byte> payload) => _replies.Writer.TryWrite(payload.ToArray());

    void IDatagramSink.OnSessionClosed()
    {
    }

    private static StreamOpening Opening(int port) => new(Client, new IPEndPoint(IPAddress.Parse("198.51.100.1"), port), port);
}
