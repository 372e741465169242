using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Quic;
using Tunnel.Shared.Transport.Quic.Connections;
using Tunnel.Shared.Transport.Quic.Native;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Transport.ContractTests;

/// <summary>
/// A dial over QUIC that ends without a tunnel says why: the edge's modes decide by it whether to fall back to TLS.
/// </summary>
[Collection(nameof(TunnelStress))]
public sealed class QuicDialTests : IDisposable
{
    private readonly TestHub _hub = new();
    private readonly TransportContext _context;

    public QuicDialTests()
    {
        QuicPairFactory.Require();
        _context = QuicPairFactory.MakeContext();
        _hub.Context = _context;
    }

    public void Dispose() => _hub.Dispose();

    [Fact]
    public async Task A_wrong_pin_is_told_apart_and_the_secret_is_not_said()
    {
        var lines = new TaskCompletionSource<ITunnel>();
        await using var listener = Listen(lines);

        var failure = await DialAsync(
            QuicPairFactory.Request(listener.LocalEndPoint, new TestEdge()) with { Pins = [new string('A', 43)] });

        Assert.Equal(DialFailureKind.WrongCertificate, failure.Kind);
        Assert.Contains("not one of the expected", failure.Message);
        await Assert.ThrowsAnyAsync<IOException>(() => lines.Task.WaitAsync(SocketHelpers.Hang));
    }

    [Fact]
    public async Task Without_pins_an_unknown_issuer_is_refused()
    {
        await using var listener = Listen(new TaskCompletionSource<ITunnel>());

        var failure = await DialAsync(QuicPairFactory.Request(listener.LocalEndPoint, new TestEdge()) with { Pins = [] });

        Assert.Equal(DialFailureKind.WrongCertificate, failure.Kind);
        Assert.Contains("not trusted", failure.Message);
    }

    [Fact]
    public async Task A_closed_port_is_unreachable_at_once()
    {
        using var probe = Bind();
        var address = (IPEndPoint)probe.LocalEndPoint!;
        probe.Dispose();

        var failure = await DialAsync(QuicPairFactory.Request(address, new TestEdge()));

        Assert.Equal(DialFailureKind.Unreachable, failure.Kind);
    }

    [Fact]
    public async Task A_silent_peer_is_given_up_after_five_seconds()
    {
        using var silent = Bind();
        var time = new ManualTimeProvider();
        var dialing = Dial(silent, time, CancellationToken.None);
        await silent.ReceiveAsync(new byte[2048], SocketFlags.None);

        time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(dialing.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Equal(DialFailureKind.Timeout, (await dialing.WaitAsync(SocketHelpers.Hang)).Failure!.Kind);
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task A_dial_to_a_silent_peer_can_be_cancelled()
    {
        using var silent = Bind();
        using var cancel = new CancellationTokenSource();
        var dialing = Dial(silent, new ManualTimeProvider(), cancel.Token);
        await silent.ReceiveAsync(new byte[2048], SocketFlags.None);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dialing.WaitAsync(SocketHelpers.Hang));
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task Another_protocol_is_told_apart()
    {
        // The framework's own QUIC is a server of another protocol; it uses the same native library.
        if (!System.Net.Quic.QuicListener.IsSupported)
            QuicPairFactory.Miss("System.Net.Quic does not find libmsquic");
        await using var foreign = await System.Net.Quic.QuicListener.ListenAsync(new System.Net.Quic.QuicListenerOptions
        {
            ListenEndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            ApplicationProtocols = [SslApplicationProtocol.Http3],
            ConnectionOptionsCallback = static (_, _, _) => throw new InvalidOperationException("nobody gets here"),
        });

        var failure = await DialAsync(QuicPairFactory.Request(foreign.LocalEndPoint, new TestEdge()));

        Assert.Equal(DialFailureKind.TlsFailed, failure.Kind);
        Assert.Contains("tunnel/1", failure.Message);
    }

    [Fact]
    public async Task A_hub_that_refuses_is_heard()
    {
        await using var listener = QuicPairFactory.Listen(_context, static connection => _ = RefuseAsync(connection));

        var failure = await DialAsync(QuicPairFactory.Request(listener.LocalEndPoint, new TestEdge()));

        Assert.Equal(DialFailureKind.Unauthorized, failure.Kind);
    }

    [Fact]
    public async Task Under_pressure_a_client_has_to_prove_its_address_first()
    {
        var accepted = new TaskCompletionSource<ITunnel>();
        await using var listener = QuicPairFactory.Listen(
            _context, connection => _ = QuicPairFactory.AcceptAsync(connection, _context, _hub, accepted), retryThreshold: 0);

        var result = await new QuicTunnelDialer(_context).DialAsync(
            QuicPairFactory.Request(listener.LocalEndPoint, new TestEdge()), CancellationToken.None);

        Assert.Null(result.Failure);
        Assert.True(((QuicTunnel)result.Tunnel!).Connection.WasRetried);
        await result.Tunnel.DisposeAsync();
        await (await accepted.Task).DisposeAsync();
    }

    [Fact]
    public async Task A_port_that_is_taken_is_told()
    {
        using var taken = Bind();

        var e = Assert.Throws<QuicException>(() => QuicTunnelListener.Start(_context, new QuicListenerOptions
        {
            Address = (IPEndPoint)taken.LocalEndPoint!,
            Certificate = TlsPairFactory.Certificate,
            OnConnection = static _ => { },
        }));

        Assert.Equal(QuicStatus.AddressInUse, e.Status);
        await NothingIsLeftAsync();
    }

    private static async Task RefuseAsync(QuicConnection connection)
    {
        await connection.AcceptControlAsync(CancellationToken.None);
        await connection.Stream.WriteAsync(Tunnel.Shared.Protocol.Handshake.HubLine.Unauthorized.ToArray());
        using var limit = new CancellationTokenSource(SocketHelpers.Hang);
        await connection.CloseAfterFlushAsync(limit.Token);
    }

    private static Task<DialResult> Dial(Socket peer, TimeProvider time, CancellationToken cancellationToken) =>
        new QuicTunnelDialer(new TransportContext(new FlowControlOptions(), time, NullLoggerFactory.Instance))
            .DialAsync(QuicPairFactory.Request((IPEndPoint)peer.LocalEndPoint!, new TestEdge()), cancellationToken);

    private static Socket Bind()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private static Task NothingIsLeftAsync() => Eventually.IsTrueAsync(
        () => QuicLibrary.LiveHandles == 0, "the end of all handles", explain: () => $"{QuicLibrary.LiveHandles} are left.");

    private QuicTunnelListener Listen(TaskCompletionSource<ITunnel> accepted) =>
        QuicPairFactory.Listen(_context, connection => _ = QuicPairFactory.AcceptAsync(connection, _context, _hub, accepted));

    private async Task<DialFailure> DialAsync(DialRequest request)
    {
        var result = await new QuicTunnelDialer(_context).DialAsync(request, CancellationToken.None).WaitAsync(SocketHelpers.Hang);
        Assert.NotNull(result.Failure);
        return result.Failure;
    }
}
