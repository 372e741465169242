using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Handshake;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Tls;
using Tunnel.Shared.Transport.Tls.Connections;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Transport.ContractTests;

/// <summary>The other end of one of our tunnels, which says exactly what the test tells it to, frame by frame or byte by byte.</summary>
internal sealed class ScriptedPeer : IAsyncDisposable
{
    private readonly SslStream _stream;

    private ScriptedPeer(SslStream stream) => _stream = stream;

    /// <summary>A PROXY line as an OPEN carries it.</summary>
    public static byte[] OpenLine => "PROXY TCP4 203.0.113.9 198.51.100.1 50000 443\r\n"u8.ToArray();

    /// <summary>A HELLO with all extensions of ours.</summary>
    public static byte[] Hello => ControlMessage.Serialize(new Hello
    {
        Version = "scripted",
        Instance = "00112233445566778899aabbccddeeff",
        Features = FeatureNames.Format(TunnelProtocol.SupportedFeatures),
        MaxFrame = 64 << 10,
        InitialWindow = 64 << 10,
    });

    /// <summary>Makes an edge whose two handshake lines are done, and our hub's end of the tunnel, started.</summary>
    /// <param name="context">The hub's context.</param>
    /// <param name="handler">The hub's handler.</param>
    /// <param name="before">Is called as the edge before the hub's end is started; its bytes wait in the kernel then.</param>
    /// <param name="under">Makes the stream that the edge's TLS reads from, around its socket.</param>
    /// <param name="behindLine">The bytes that the hub has read behind the edge's line.</param>
    public static async Task<(ITunnel Hub, ScriptedPeer Edge)> ConnectToHubAsync(
        TransportContext context, IHubTunnelHandler handler, Func<ScriptedPeer, Task>? before = null, Func<Stream, Stream>? under = null,
        ReadOnlyMemory<byte> behindLine = default)
    {
        using var listener = Listen();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(listener.LocalEndPoint!);
        var connection = new TlsConnection(await listener.AcceptAsync());
        Stream network = new NetworkStream(socket, ownsSocket: true);
        var stream = new SslStream(under?.Invoke(network) ?? network, false, static (_, _, _, _) => true);
        await Task.WhenAll(
            connection.Stream.AuthenticateAsServerAsync(ServerOptions),
            stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = "hub.test", EnabledSslProtocols = SslProtocols.Tls13 }));
        var hub = TlsTunnel.CreateHub(connection, "edge-1", behindLine, context, handler);
        var edge = new ScriptedPeer(stream);
        if (before is not null)
            await before(edge);
        hub.Start();
        return (hub, edge);
    }

    /// <summary>Makes a hub that has let our edge in, with or without extensions, and our edge's end of the tunnel, started.</summary>
    public static async Task<(ITunnel Edge, ScriptedPeer Hub)> AcceptEdgeAsync(
        TransportContext context, IEdgeTunnelHandler handler, bool extended)
    {
        using var listener = Listen();
        var dialing = new TlsTunnelDialer(context).DialAsync(
            new DialRequest
            {
                Address = (IPEndPoint)listener.LocalEndPoint!,
                HostName = "hub.test",
                EdgeId = "edge-1",
                Secret = "0123456789abcdef",
                Pins = [CertificatePin.Compute(TlsPairFactory.Certificate)],
                Hello = new Hello { Version = "test", Instance = "00112233445566778899aabbccddeeff" },
                Handler = handler,
            },
            CancellationToken.None);
        var stream = new SslStream(new NetworkStream(await listener.AcceptAsync(), ownsSocket: true));
        await stream.AuthenticateAsServerAsync(ServerOptions);
        await LineReader.ReadAsync(stream, EdgeLine.MaxLength, CancellationToken.None);
        var config = new TunnelConfig
        {
            ListenPorts = [443],
            Hub = extended ? TunnelProtocol.CreateHubInfo(context, "scripted", "tunnel-1", 1) : null,
        };
        await stream.WriteAsync(HubLine.Serialize(config));
        var edge = (await dialing.WaitAsync(SocketHelpers.Hang)).Tunnel!;
        edge.Start();
        return (edge, new ScriptedPeer(stream));
    }

    /// <summary>Makes the bytes of a frame.</summary>
    public static byte[] Frame(uint id, FrameType type, ReadOnlySpan<byte> payload = default)
    {
        var frame = new byte[FrameHeader.Size + payload.Length];
        new FrameHeader(id, type, (uint)payload.Length).Write(frame);
        payload.CopyTo(frame.AsSpan(FrameHeader.Size));
        return frame;
    }

    /// <summary>Makes a header that announces what does not follow.</summary>
    public static byte[] Header(uint id, FrameType type, uint length)
    {
        var header = new byte[FrameHeader.Size];
        new FrameHeader(id, type, length).Write(header);
        return header;
    }

    /// <summary>Makes the payload of a WINDOW_UPDATE.</summary>
    public static byte[] Credit(uint bytes)
    {
        var payload = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(payload, bytes);
        return payload;
    }

    /// <summary>Sends some frames together.</summary>
    public async Task SendAsync(params byte[][] frames) =>
        await _stream.WriteAsync(frames.SelectMany(static frame => frame).ToArray()).AsTask().WaitAsync(SocketHelpers.Hang);

    /// <summary>Sends bytes in pieces of the given sizes, over and over, each in a TLS record of its own.</summary>
    public async Task DribbleAsync(byte[] bytes, Func<int> nextSize)
    {
        for (var sent = 0; sent < bytes.Length;)
        {
            var size = Math.Min(nextSize(), bytes.Length - sent);
            await _stream.WriteAsync(bytes.AsMemory(sent, size)).AsTask().WaitAsync(SocketHelpers.Hang);
            sent += size;
        }
    }

    /// <summary>Reads the next frame; null at the end of the connection.</summary>
    public async Task<(FrameHeader Header, byte[] Payload)?> ReadAsync()
    {
        var header = new byte[FrameHeader.Size];
        if (await _stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false).AsTask().WaitAsync(
            SocketHelpers.Hang) < header.Length)
        {
            return null;
        }

        var read = FrameHeader.Read(header);
        var payload = new byte[read.Length];
        await _stream.ReadExactlyAsync(payload).AsTask().WaitAsync(SocketHelpers.Hang);
        return (read, payload);
    }

    /// <summary>Reads the next frame, which has to be there and of this type.</summary>
    public async Task<byte[]> ExpectAsync(uint id, FrameType type)
    {
        var frame = await ReadAsync();
        Assert.NotNull(frame);
        Assert.Equal((id, type), (frame.Value.Header.StreamId, frame.Value.Header.Type));
        return frame.Value.Payload;
    }

    /// <summary>Reads frames until this one; the others are given to <paramref name="other"/>.</summary>
    public async Task<byte[]> ReadUntilAsync(uint id, FrameType type, Action<FrameHeader, byte[]>? other = null)
    {
        while (await ReadAsync() is { } frame)
        {
            if (frame.Header.StreamId == id && frame.Header.Type == type)
                return frame.Payload;
            other?.Invoke(frame.Header, frame.Payload);
        }

        throw new EndOfStreamException($"no {type} on {id} before the end");
    }

    /// <summary>Says goodbye and closes the connection.</summary>
    public async Task CloseAsync()
    {
        await _stream.ShutdownAsync();
        _stream.Close();
    }

    public async ValueTask DisposeAsync() => await _stream.DisposeAsync();

    private static SslServerAuthenticationOptions ServerOptions => new()
    {
        ServerCertificate = TlsPairFactory.Certificate,
        ApplicationProtocols = [new SslApplicationProtocol(Encoding.ASCII.GetBytes(TunnelProtocol.Alpn))],
        EnabledSslProtocols = SslProtocols.Tls13,
    };

    private static Socket Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        return listener;
    }
}
