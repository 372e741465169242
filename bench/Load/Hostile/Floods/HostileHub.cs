using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Bench.Load.Hostile.Floods;

/// <summary>
/// A hub over TLS that takes every edge and then says what a flood wants; what the edge sends is read and thrown away. An edge that ends
/// the tunnel and comes again is taken again.
/// </summary>
internal sealed class HostileHub : IFlood
{
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(10);

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly X509Certificate2 _certificate = MakeCertificate();
    private readonly byte[] _handshake;
    private readonly Func<int, byte[]> _frame;
    private readonly MemoryStream _batch = new();
    private volatile SslStream? _edge;
    private int _ends;
    private int _sent;

    /// <summary>Listens, and takes edges on a thread of its own.</summary>
    /// <param name="order">The address to listen at.</param>
    /// <param name="frame">Makes the frame that is sent each time; the number counts the frames.</param>
    public HostileHub(FloodOrder order, Func<FloodOrder, int, byte[]> frame)
    {
        _frame = count => frame(order, count);
        _handshake = [
            .. ControlMessage.Serialize(
                Config(
                    []) with { Hub = new HubInfo
                    {
                        TunnelId = "hostile",
                        MaxFrame = 65_536,
                        InitialWindow = 65_536,
                        Features = ["reset", "goaway", "port"],
                    } }),
            (byte)'\n'];
        _listener.Bind(order.HostileHubEndPoint);
        _listener.Listen(16);
        new Thread(AcceptAll) { IsBackground = true }.Start();
    }

    public int Ends => Volatile.Read(ref _ends);

    /// <summary>Makes configurations, each with another port than the last one.</summary>
    public static byte[] Configuration(FloodOrder order, int count) =>
        Frame(0, FrameType.Config, ControlMessage.Serialize(Config(count % 2 == 0 ? [] : [order.ClosingPort])));

    /// <summary>Opens a stream, which only edges may do.</summary>
    public static byte[] Open(FloodOrder order, int count) =>
        Frame(
            (uint)count + 1, FrameType.Open, Encoding.ASCII.GetBytes($"PROXY TCP4 203.0.113.9 198.51.100.1 5555 {order.ClosingPort}\r\n"));

    /// <summary>Opens a UDP session, which only edges may do.</summary>
    public static byte[] OpenSession(FloodOrder order, int count) => Frame((uint)count + 1, FrameType.UdpOpen, new byte[28]);

    /// <summary>Sends datagrams that belong to no session.</summary>
    public static byte[] Datagram(FloodOrder order, int count) => Frame((uint)count + 1, FrameType.UdpDataBack, new byte[100]);

    public int Send(int count)
    {
        if (_edge is not { } edge)
        {
            Thread.Sleep(Wait);
            return 0;
        }

        _batch.SetLength(0);
        for (var done = 0; done < count; done++)
            _batch.Write(_frame(_sent++));
        try
        {
            edge.Write(_batch.GetBuffer().AsSpan(0, (int)_batch.Length));
            return count;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            Forget(edge);
            return 0;
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _certificate.Dispose();
    }

    private static TunnelConfig Config(int[] ports) => new() { ListenPorts = [.. ports] };

    private static byte[] Frame(uint id, FrameType type, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[FrameHeader.Size + payload.Length];
        new FrameHeader(id, type, (uint)payload.Length).Write(frame);
        payload.CopyTo(frame.AsSpan(FrameHeader.Size));
        return frame;
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest("CN=hostile", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
    }

    private void AcceptAll()
    {
        while (true)
        {
            try
            {
                var stream = new SslStream(new NetworkStream(_listener.Accept(), ownsSocket: true));
                stream.AuthenticateAsServer(
                    new SslServerAuthenticationOptions
                    {
                        ServerCertificate = _certificate,
                        ApplicationProtocols = [new SslApplicationProtocol("tunnel/1")],
                    });
                while (stream.ReadByte() is not ('\n' or -1))
                {
                }

                stream.Write(_handshake);
                _edge = stream;
                new Thread(() => ReadAll(stream)) { IsBackground = true }.Start();
            }
            catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException
                or System.Security.Authentication.AuthenticationException)
            {
                if (!_listener.IsBound)
                    return;
            }
        }
    }

    private void ReadAll(SslStream stream)
    {
        try
        {
            var buffer = new byte[64 << 10];
            while (stream.Read(buffer) > 0)
            {
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The tunnel has ended, as the next write will say too.
        }

        Forget(stream);
    }

    private void Forget(SslStream stream)
    {
        if (Interlocked.CompareExchange(ref _edge, null, stream) != stream)
            return;
        Interlocked.Increment(ref _ends);
        stream.Dispose();
    }
}
